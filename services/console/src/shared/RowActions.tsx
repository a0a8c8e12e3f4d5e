import { EllipsisOutlined } from "@ant-design/icons";
import { Button, Dropdown, Flex } from "antd";
import { useTranslation } from "react-i18next";
import { usePhone } from "./usePhone";

interface RowActionsProps {
  /** What the row is about, for those who hear the buttons without seeing the row. */
  name: string;
  actions: { label: string; danger?: boolean; run: () => void }[];
}

/** What can be done to a row: side by side where there is room, in a menu on a phone. */
export function RowActions({ name, actions }: RowActionsProps) {
  const { t } = useTranslation();
  const phone = usePhone();
  if (phone) {
    return (
      <Dropdown
        trigger={["click"]}
        placement="bottomRight"
        menu={{ items: actions.map(({ label, danger, run }) => ({ key: label, label, danger, onClick: run })) }}
      >
        <Button type="text" size="small" icon={<EllipsisOutlined />} aria-label={t("identity.employee.actionsOf", { name })} />
      </Dropdown>
    );
  }
  return (
    <Flex justify="flex-end">
      {actions.map(({ label, danger, run }) => (
        <Button key={label} size="small" type="link" danger={danger} onClick={run} title={`${label} ${name}`}>
          {label}
        </Button>
      ))}
    </Flex>
  );
}
