// The rules that warn, and of how many customers each would.
import { useState } from "react";
import { DeleteOutlined, EditOutlined, PlusOutlined } from "@ant-design/icons";
import { Alert, Button, Drawer, Flex, Form, Input, InputNumber, Typography } from "antd";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import type { ChurnRule, ChurnRuleInput } from "@/api/types";
import { useActs } from "@/shared/acts";
import { FormDrawer } from "@/shared/FormDrawer";
import { useNotices } from "@/shared/notices";
import { Loaded, Nothing } from "@/shared/states";
import { usePhone } from "@/shared/usePhone";
import { clearViolations, showViolations } from "@/shared/violations";
import { RuleCondition } from "../grades/RuleCondition";
import { deleteChurnRule, previewChurnRule, saveChurnRule, useChurnRules } from "./api";

type Values = Pick<ChurnRuleInput, "label" | "filter" | "dueDays" | "quietDays">;

export function ChurnRulesDrawer({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const phone = usePhone();
  const queries = useQueryClient();
  const rules = useChurnRules(open);
  const [editing, setEditing] = useState<ChurnRule | "new">();
  const changed = () => queries.invalidateQueries({ queryKey: ["churn"] });
  const { askToDelete } = useActs(changed);
  return (
    <Drawer
      open={open}
      title={t("levels.churn.rules")}
      size={phone ? window.innerWidth : 600}
      onClose={onClose}
      data-testid="churn-rules-drawer"
      extra={
        <Button icon={<PlusOutlined />} onClick={() => setEditing("new")} data-testid="add-churn-rule">
          {t("common.add")}
        </Button>
      }
    >
      <Loaded query={rules} small>
        {(list) =>
          list.length === 0 ? (
            <Nothing text={t("levels.churn.noRules")} />
          ) : (
            <Flex vertical gap={12}>
              {list.map((rule) => (
                <Flex key={rule.id} gap={8}>
                  <Flex vertical style={{ flex: 1, minWidth: 0 }}>
                    <strong>{rule.label}</strong>
                    <code>{rule.filter}</code>
                    <Typography.Text type="secondary">{t("levels.churn.ruleDays", { due: rule.dueDays, quiet: rule.quietDays })}</Typography.Text>
                  </Flex>
                  <Button type="text" icon={<EditOutlined />} aria-label={`${t("common.edit")} ${rule.label}`} onClick={() => setEditing(rule)} />
                  <Button
                    type="text"
                    icon={<DeleteOutlined />}
                    aria-label={`${t("common.delete")} ${rule.label}`}
                    onClick={() => askToDelete({ title: t("levels.churn.deleteRule", { name: rule.label }), work: () => deleteChurnRule(rule) })}
                  />
                </Flex>
              ))}
            </Flex>
          )
        }
      </Loaded>
      <RuleForm rule={editing === "new" ? undefined : editing} open={editing !== undefined} onClose={() => setEditing(undefined)} onSaved={changed} />
    </Drawer>
  );
}

function RuleForm({ rule, open, onClose, onSaved }: { rule: ChurnRule | undefined; open: boolean; onClose: () => void; onSaved: () => Promise<unknown> }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const required = { required: true, whitespace: true, message: t("common.required") };
  const days = (name: "dueDays" | "quietDays", max: number) => (
    <Form.Item name={name} label={t(`levels.churn.${name}`)}>
      <InputNumber min={0} max={max} precision={0} style={{ width: "100%" }} />
    </Form.Item>
  );
  return (
    <FormDrawer<Values>
      open={open}
      record={rule}
      title={rule ? rule.label : t("levels.churn.newRule")}
      initialValues={rule ?? { dueDays: 7, quietDays: 30 }}
      testId="churn-rule-form"
      onClose={onClose}
      onSubmit={async ({ label, filter, dueDays, quietDays }) => {
        await saveChurnRule(rule, { label, filter, dueDays: dueDays ?? 0, quietDays: quietDays ?? 0 });
        notices.done(t("common.saved"));
        await onSaved();
      }}
    >
      <Form.Item name="label" label={t("levels.churn.cause")} rules={[required]}>
        <Input maxLength={100} />
      </Form.Item>
      <Form.Item name="filter" label={t("levels.condition")} rules={[required]}>
        <RuleCondition />
      </Form.Item>
      {days("dueDays", 365)}
      {days("quietDays", 3650)}
      <Preview />
    </FormDrawer>
  );
}

function Preview() {
  const { t } = useTranslation();
  const form = Form.useFormInstance<Values>();
  const notices = useNotices();
  const [busy, setBusy] = useState(false);
  const [count, setCount] = useState<string>();
  const look = async () => {
    setBusy(true);
    clearViolations(form);
    try {
      const { label, filter, dueDays, quietDays } = form.getFieldsValue(true) as Partial<Values>;
      const answer = await previewChurnRule({ label: label || "-", filter: filter ?? "", dueDays: dueDays ?? 0, quietDays: quietDays ?? 0 });
      setCount(answer.customerCount);
    } catch (fault) {
      if (!showViolations(form, asProblem(fault))) notices.fault(fault);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Flex vertical gap={8}>
      <Button loading={busy} onClick={() => void look()}>
        {t("levels.preview")}
      </Button>
      {count !== undefined && <Alert type="info" title={t("levels.churn.previewed", { total: count })} />}
    </Flex>
  );
}
