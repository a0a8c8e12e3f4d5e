import { CloseCircleFilled } from "@ant-design/icons";
import { Button, Popover, theme } from "antd";
import { useTranslation } from "react-i18next";

/** Why a cell has its old value again, until it is put away. */
export function CellFault({ text, onClose }: { text: string; onClose: () => void }) {
  const { t } = useTranslation();
  const { token } = theme.useToken();
  return (
    <Popover
      defaultOpen
      trigger="click"
      placement="bottomLeft"
      content={
        <span role="alert" data-testid="cell-fault">
          {text}
        </span>
      }
      styles={{ container: { maxWidth: 320 } }}
    >
      <Button
        type="text"
        size="small"
        onDoubleClick={onClose}
        icon={<CloseCircleFilled style={{ color: token.colorError }} />}
        onKeyDown={(event) => event.key === "Escape" && onClose()}
        aria-label={t("lists.cell.fault", { text })}
      />
    </Popover>
  );
}
