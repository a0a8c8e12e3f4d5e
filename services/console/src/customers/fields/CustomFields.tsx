// The custom fields of contacts and interactions: inputs in their forms, and values where they are shown.
import { useMemo } from "react";
import { Col, Form, Row, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { Field, FieldValue, FieldValueInput, RecordKind } from "@/api/types";
import { same } from "@/shared/changes";
import { AttributeInput } from "../AttributeInput";
import { PlainAttributeValue } from "../AttributeValue";
import { customAttribute, type Attribute } from "../attributes";
import { useFields } from "./api";
import { ruleHint } from "./rules";
import { fieldValue, plainValue, type PlainValue } from "./values";

export type CustomInputs = Record<string, PlainValue>;
type Values = Record<string, FieldValue> | undefined;

/** Those of a kind of record that the caller sees. */
export function useCustomAttributes(recordKind: RecordKind): Attribute[] {
  const { i18n } = useTranslation();
  const { data: fields } = useFields(recordKind);
  return useMemo(
    () => (fields ?? []).filter((field) => field.readable).map((field) => customAttribute(field, i18n.language === "en")),
    [fields, i18n.language],
  );
}

/** What the inputs hold at first: of a new record (`undefined`) the defaults. */
export function customInputs(attributes: readonly Attribute[], record: { customFields: Values } | undefined): CustomInputs {
  const fields = attributes.flatMap((attribute) => attribute.field ?? []);
  return Object.fromEntries(fields.map((field) => [field.key, plainValue(record ? record.customFields?.[field.key] : field.defaultValue)]));
}

/** Only what differs: values for the body, and the paths that an update names. */
export function customChanges(attributes: readonly Attribute[], before: CustomInputs, after: CustomInputs | undefined) {
  const changed = attributes.filter(({ editable, field }) => editable && field && !same(before[field.key], after?.[field.key]));
  const values = changed.flatMap(({ field }): [string, FieldValueInput][] => {
    const value = field && fieldValue(field.type, after?.[field.key]);
    return field && value ? [[field.key, value]] : [];
  });
  return { customFields: Object.fromEntries(values), mask: changed.map((attribute) => attribute.maskPath) };
}

export function CustomItems({ attributes }: { attributes: readonly Attribute[] }) {
  const { t } = useTranslation();
  const asked = attributes.filter((attribute): attribute is Attribute & { field: Field } => attribute.editable && attribute.field !== undefined);
  return (
    <Row gutter={16}>
      {asked.map((attribute) => (
        <Col key={attribute.path} xs={24} sm={attribute.kind === "longText" ? 24 : 12}>
          <Form.Item
            name={["customFields", attribute.field.key]}
            label={attribute.label}
            extra={ruleHint(t, attribute.field)}
            rules={attribute.field.required ? [{ required: true, message: t("common.required") }] : undefined}
          >
            <AttributeInput attribute={attribute} />
          </Form.Item>
        </Col>
      ))}
    </Row>
  );
}

/** Only those that have a value. */
export function CustomValues({ recordKind, values }: { recordKind: RecordKind; values: Values }) {
  const attributes = useCustomAttributes(recordKind).filter((attribute) => values?.[attribute.field?.key ?? ""]);
  if (attributes.length === 0) return null;
  return (
    <Typography.Text type="secondary" style={{ fontSize: 13 }}>
      {attributes.map((attribute) => (
        <span key={attribute.path} style={{ marginInlineEnd: 14 }}>
          {attribute.label}: <PlainAttributeValue attribute={attribute} value={plainValue(values?.[attribute.field?.key ?? ""])} />
        </span>
      ))}
    </Typography.Text>
  );
}
