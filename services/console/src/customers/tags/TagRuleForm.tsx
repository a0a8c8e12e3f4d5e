// The rule that gives a tag, and whom it would reach.
import { useState } from "react";
import { Alert, Button, Flex, Form, Typography } from "antd";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import type { DictionaryEntry, TagRule } from "@/api/types";
import { FormDrawer } from "@/shared/FormDrawer";
import { useNotices } from "@/shared/notices";
import { clearViolations, showViolations } from "@/shared/violations";
import { useEntryName } from "../dictionaries/entries";
import { RuleCondition } from "../grades/RuleCondition";
import { previewTagRule, saveTagRule } from "./api";

interface Values {
  filter: string;
}

export function TagRuleForm({ entry, rule, onClose }: { entry: DictionaryEntry | undefined; rule: TagRule | undefined; onClose: () => void }) {
  const { t } = useTranslation();
  const nameOf = useEntryName();
  const notices = useNotices();
  const queries = useQueryClient();
  if (!entry) return null;
  return (
    <FormDrawer<Values>
      open
      record={rule}
      size={680}
      title={t("levels.tag.ruleOf", { name: nameOf(entry) })}
      initialValues={{ filter: rule?.filter ?? "" }}
      testId="tag-rule-form"
      onClose={onClose}
      onSubmit={async ({ filter }) => {
        await saveTagRule(entry.code, filter, rule);
        notices.done(t("common.saved"));
        await queries.invalidateQueries({ queryKey: ["tagRules"] });
      }}
    >
      <Typography.Paragraph type="secondary">{t("levels.tag.ruleText")}</Typography.Paragraph>
      <Form.Item name="filter" label={t("levels.condition")} extra={t("levels.conditionHint")} rules={[{ required: true, whitespace: true, message: t("common.required") }]}>
        <RuleCondition />
      </Form.Item>
      <Preview tag={entry.code} />
    </FormDrawer>
  );
}

function Preview({ tag }: { tag: string }) {
  const { t } = useTranslation();
  const form = Form.useFormInstance<Values>();
  const notices = useNotices();
  const [busy, setBusy] = useState(false);
  const [text, setText] = useState<string>();
  const look = async () => {
    setBusy(true);
    clearViolations(form);
    try {
      const { presentCount, matchingCount, gainedCount, lostCount } = await previewTagRule(tag, String(form.getFieldValue("filter") ?? ""));
      setText(t("levels.tag.previewed", { present: presentCount, matching: matchingCount, gained: gainedCount, lost: lostCount }));
    } catch (fault) {
      if (!showViolations(form, asProblem(fault))) notices.fault(fault);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Flex vertical gap={8}>
      <Button loading={busy} onClick={() => void look()} data-testid="preview-tag-rule">
        {t("levels.preview")}
      </Button>
      {text && <Alert type="info" title={text} data-testid="tag-preview" />}
    </Flex>
  );
}
