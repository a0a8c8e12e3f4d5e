// The condition of a rule as a field of a form: typed, or built like a filter, over metrics too.
import { useMemo, useState } from "react";
import { FilterOutlined } from "@ant-design/icons";
import { Button, Flex, Input } from "antd";
import { useTranslation } from "react-i18next";
import { useAttributes, type Attribute } from "../attributes";
import { FilterDrawer } from "../filter/FilterDrawer";

const metrics = ["age_days", "owned_days", "days_since_contact", "contact_count", "interaction_count", "interaction_count_90d", "overdue_step_count", "points", "attachment_count"] as const;

const barred = new Set(["tags", "update_time"]);

/** What rules can ask about. */
export function useRuleAttributes(): Attribute[] {
  const { t } = useTranslation();
  const attributes = useAttributes();
  return useMemo(() => {
    const counted = metrics.map((key): Attribute => ({
      path: `metrics.${key}`,
      maskPath: `metrics.${key}`,
      label: t(`levels.metrics.${key}`),
      kind: "integer",
      section: "system",
      editable: false,
      sortable: false,
      filterable: true,
      importable: false,
    }));
    return [...attributes.filter(({ path }) => !barred.has(path)), ...counted];
  }, [attributes, t]);
}

export function RuleCondition({ id, value = "", onChange }: { id?: string; value?: string; onChange?: (filter: string) => void }) {
  const { t } = useTranslation();
  const attributes = useRuleAttributes();
  const [open, setOpen] = useState(false);
  return (
    <Flex gap={8} align="flex-start">
      <Input.TextArea
        id={id}
        value={value}
        onChange={(event) => onChange?.(event.target.value)}
        autoSize={{ minRows: 1, maxRows: 6 }}
        maxLength={4000}
        spellCheck={false}
        style={{ fontFamily: "ui-monospace, monospace" }}
        placeholder="metrics.interaction_count_90d >= 3"
      />
      <Button icon={<FilterOutlined />} onClick={() => setOpen(true)} aria-label={t("levels.build")} title={t("levels.build")} />
      <FilterDrawer open={open} filter={value} attributes={attributes} onApply={(filter) => onChange?.(filter)} onClose={() => setOpen(false)} />
    </Flex>
  );
}
