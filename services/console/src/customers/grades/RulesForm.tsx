// The draft of a scheme's rules: written from the top down, previewed over all customers, saved, published.
import { useState } from "react";
import { ArrowDownOutlined, ArrowUpOutlined, DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Alert, App, Button, Card, Flex, Form, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import type { GradeMove, GradeRules, GradeScheme } from "@/api/types";
import { FormDrawer } from "@/shared/FormDrawer";
import { useNotices } from "@/shared/notices";
import { clearViolations, showViolations } from "@/shared/violations";
import { useEntryName } from "../dictionaries/entries";
import { EntrySelect } from "../dictionaries/pickers";
import { previewDraft, publishDraft, saveDraft } from "./api";
import { Grade } from "./GradesCard";
import { told } from "./moves";
import { RuleCondition } from "./RuleCondition";

/** As the request has it, so that what is refused is shown at its place. */
interface Values {
  draft: GradeRules;
}

const cleaned = ({ draft }: Values): GradeRules => ({
  rules: (draft?.rules ?? []).map((rule) => ({ code: rule?.code ?? "", filter: rule?.filter ?? "" })),
  defaultCode: draft?.defaultCode ?? "",
});

interface RulesFormProps {
  scheme: GradeScheme | undefined;
  onClose: () => void;
  onChanged: () => Promise<unknown>;
}

export function RulesForm({ scheme, onClose, onChanged }: RulesFormProps) {
  const { t } = useTranslation();
  const nameOf = useEntryName();
  const notices = useNotices();
  if (!scheme) return null;
  return (
    <FormDrawer<Values>
      open
      record={scheme}
      size={720}
      title={t("levels.grade.rulesOf", { name: nameOf(scheme) })}
      initialValues={{ draft: scheme.draft }}
      submitText={t("levels.grade.save")}
      testId="rules-form"
      onClose={onClose}
      onSubmit={async (values) => {
        await saveDraft(scheme, cleaned(values));
        notices.done(t("common.saved"));
        await onChanged();
      }}
    >
      <Typography.Paragraph type="secondary">{t("levels.grade.rulesText")}</Typography.Paragraph>
      <Form.List name={["draft", "rules"]}>
        {(fields, { add, remove, move }) => (
          <Flex vertical gap={8}>
            {fields.map((field, place) => (
              <Card
                key={field.key}
                size="small"
                title={place + 1}
                extra={
                  <>
                    <Button type="text" icon={<ArrowUpOutlined />} disabled={place === 0} aria-label={t("customers.list.moveUp", { name: place + 1 })} onClick={() => move(place, place - 1)} />
                    <Button type="text" icon={<ArrowDownOutlined />} disabled={place === fields.length - 1} aria-label={t("customers.list.moveDown", { name: place + 1 })} onClick={() => move(place, place + 1)} />
                    <Button type="text" icon={<DeleteOutlined />} aria-label={t("common.remove")} onClick={() => remove(field.name)} />
                  </>
                }
              >
                <Form.Item name={[field.name, "code"]} label={t("levels.grade.grade")} rules={[{ required: true, message: t("common.required") }]}>
                  <EntrySelect dictionary={scheme.code} />
                </Form.Item>
                <Form.Item name={[field.name, "filter"]} label={t("levels.condition")} rules={[{ required: true, whitespace: true, message: t("common.required") }]}>
                  <RuleCondition />
                </Form.Item>
              </Card>
            ))}
            <Button icon={<PlusOutlined />} onClick={() => add({ code: "", filter: "" })} disabled={fields.length >= 20} data-testid="add-rule">
              {t("levels.grade.addRule")}
            </Button>
          </Flex>
        )}
      </Form.List>
      <Form.Item name={["draft", "defaultCode"]} label={t("levels.grade.otherwise")} extra={t("levels.conditionHint")} style={{ marginTop: 16 }}>
        <EntrySelect dictionary={scheme.code} placeholder={t("levels.grade.noGrade")} />
      </Form.Item>
      <Publishing scheme={scheme} onClose={onClose} onChanged={onChanged} />
    </FormDrawer>
  );
}

/** Who would move, and then the move itself. What is published is what is saved, so it is saved first. */
function Publishing({ scheme, onClose, onChanged }: { scheme: GradeScheme; onClose: () => void; onChanged: () => Promise<unknown> }) {
  const { t } = useTranslation();
  const { modal } = App.useApp();
  const nameOf = useEntryName();
  const notices = useNotices();
  const form = Form.useFormInstance<Values>();
  const [busy, setBusy] = useState(false);
  const [moves, setMoves] = useState<GradeMove[]>();

  const attempt = async (work: (draft: GradeRules) => Promise<unknown>) => {
    setBusy(true);
    clearViolations(form);
    try {
      await work(cleaned(form.getFieldsValue(true) as Values));
    } catch (fault) {
      if (!showViolations(form, asProblem(fault))) notices.fault(fault);
    } finally {
      setBusy(false);
    }
  };
  const publish = () =>
    void modal.confirm({
      title: t("levels.grade.publishTitle", { name: nameOf(scheme) }),
      content: t("levels.grade.publishText"),
      okText: t("levels.grade.publish"),
      onOk: () =>
        attempt(async (draft) => {
          await publishDraft(await saveDraft(scheme, draft));
          notices.done(t("levels.grade.published"));
          onClose();
          await onChanged();
        }),
    });
  return (
    <Flex vertical gap={8}>
      <Flex gap={8}>
        <Button loading={busy} onClick={() => void attempt(async (draft) => setMoves((await previewDraft(scheme.code, draft)).moves))} data-testid="preview-rules">
          {t("levels.preview")}
        </Button>
        <Button type="primary" ghost disabled={busy} onClick={publish} data-testid="publish-rules">
          {t("levels.grade.publish")}
        </Button>
      </Flex>
      {moves && <Moves scheme={scheme.code} moves={moves} />}
    </Flex>
  );
}

function Moves({ scheme, moves }: { scheme: string; moves: GradeMove[] }) {
  const { t } = useTranslation();
  const { moving, movingCount, stayingCount } = told(moves);
  return (
    <Alert
      data-testid="moves"
      type={movingCount > 0 ? "warning" : "info"}
      title={movingCount > 0 ? t("levels.grade.moving", { count: movingCount }) : t("levels.grade.nobody")}
      description={
        <Flex vertical gap={4}>
          {moving.map(({ before, after, customerCount }) => (
            <Flex key={`${before}/${after}`} gap={8} align="center">
              <Grade scheme={scheme} code={before} />
              <span aria-hidden>→</span>
              <Grade scheme={scheme} code={after} />
              <span className="tabular" style={{ marginInlineStart: "auto" }}>
                {Number(customerCount).toLocaleString()}
              </span>
            </Flex>
          ))}
          <Flex gap={8}>
            <span>{t("levels.grade.stay")}</span>
            <span className="tabular" style={{ marginInlineStart: "auto" }}>
              {stayingCount.toLocaleString()}
            </span>
          </Flex>
        </Flex>
      }
    />
  );
}
