// 批量修改: one field of the selected customers, or of all that the list's filter finds, set to one value.
import { useState } from "react";
import { Form, Modal, Radio, Select, Space, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import type { BulkChange } from "@/api/types";
import { FormFault } from "@/shared/FormFault";
import { showViolations } from "@/shared/violations";
import { AttributeInput } from "../../AttributeInput";
import { useAttributes } from "../../attributes";
import { patchOf } from "../../record/formValues";
import type { PlainValue } from "../../fields/values";
import { createBulkChange } from "./api";
import { isBulkField } from "./progress";

interface BulkChangeDialogProps {
  selected: string[];
  filter: string;
  /** How many the filter finds, as the list says it. */
  total: string;
  onClose: () => void;
  onStarted: (bulk: BulkChange) => void;
}

interface Values {
  scope: "selected" | "all";
  path: string;
  value?: PlainValue;
}

/** The service takes no more by name. */
export const mostNamed = 1000;

export function BulkChangeDialog({ selected, filter, total, onClose, onStarted }: BulkChangeDialogProps) {
  const { t } = useTranslation();
  const [form] = Form.useForm<Values>();
  const attributes = useAttributes().filter(isBulkField);
  const path = Form.useWatch("path", form);
  const scope = Form.useWatch("scope", form);
  const attribute = attributes.find((candidate) => candidate.path === path);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>();
  const named = selected.length > 0 && selected.length <= mostNamed;

  const submit = async ({ scope, value }: Values) => {
    if (!attribute) return;
    setBusy(true);
    setFault(undefined);
    const key = attribute.field?.key;
    // What differs from nothing is what is set; what is left empty is emptied.
    const values = key ? { customFields: { [key]: value } } : { [attribute.key ?? ""]: value };
    const { body } = patchOf({}, values, [attribute]);
    try {
      const whose = scope === "selected" ? { ids: selected } : { filter, everything: filter === "" };
      onStarted(await createBulkChange({ customer: body, updateMask: attribute.maskPath, ...whose }));
    } catch (error) {
      if (!showViolations(form, asProblem(error))) setFault(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal open title={t("lists.bulk.title")} onCancel={onClose} onOk={() => form.submit()} okText={t("lists.bulk.start")} okButtonProps={{ loading: busy, "data-testid": "start-bulk" }} destroyOnHidden>
      <FormFault fault={fault} />
      <Form<Values> form={form} layout="vertical" initialValues={{ scope: named ? "selected" : "all" }} onFinish={submit}>
        <Form.Item name="scope" label={t("lists.bulk.whose")}>
          <Radio.Group>
            <Space orientation="vertical">
              <Radio value="selected" disabled={!named}>
                {t("lists.bulk.selected", { count: selected.length })}
              </Radio>
              <Radio value="all">{t("lists.bulk.matching", { total })}</Radio>
            </Space>
          </Radio.Group>
        </Form.Item>
        <Form.Item name="path" label={t("lists.bulk.field")} rules={[{ required: true, message: t("common.required") }]}>
          <Select
            showSearch={{ optionFilterProp: "label" }}
            options={attributes.map(({ path, label }) => ({ value: path, label }))}
            onChange={() => form.setFieldValue("value", undefined)}
            placeholder={t("common.selectPlaceholder")}
          />
        </Form.Item>
        {attribute && (
          <Form.Item key={attribute.path} name="value" label={t("lists.bulk.value")} extra={t("lists.bulk.emptied")}>
            <AttributeInput attribute={attribute} />
          </Form.Item>
        )}
      </Form>
      <Typography.Text type={scope === "all" && filter === "" ? "warning" : "secondary"}>{t(scope === "all" && filter === "" ? "lists.bulk.everything" : "lists.bulk.undoable")}</Typography.Text>
    </Modal>
  );
}
