import type { ReactNode } from "react";
import { Button, Card, Flex, Typography, theme } from "antd";
import { useTranslation } from "react-i18next";

export const mostAtOnce = 500;

interface SelectionBarProps {
  selected: string[];
  onClear: () => void;
  /** What can be done to the selected rows. */
  children: ReactNode;
}

/** Floats above the rows while some of them are selected. */
export function SelectionBar({ selected, onClear, children }: SelectionBarProps) {
  const { t } = useTranslation();
  const { token } = theme.useToken();
  if (selected.length === 0) return null;
  return (
    <div role="region" aria-label={t("customers.list.selection")} style={{ position: "sticky", bottom: 16, zIndex: 10, display: "flex", justifyContent: "center", pointerEvents: "none" }}>
      <Card size="small" style={{ boxShadow: token.boxShadowSecondary, background: token.colorBgElevated, pointerEvents: "auto" }} data-testid="bulk-bar">
        <Flex gap={12} align="center" wrap>
          <strong>{t("customers.list.selected", { count: selected.length })}</strong>
          {selected.length > mostAtOnce && <Typography.Text type="warning">{t("customers.list.tooMany", { most: mostAtOnce })}</Typography.Text>}
          {children}
          <Button type="text" onClick={onClear}>
            {t("customers.list.clearSelection")}
          </Button>
        </Flex>
      </Card>
    </div>
  );
}
