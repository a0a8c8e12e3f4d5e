// What values of a field must be and when it is asked for, with a count of the records that would not do.
import { Alert, Col, DatePicker, Form, Input, InputNumber, Row } from "antd";
import dayjs from "dayjs";
import { useTranslation } from "react-i18next";
import type { Field, FieldInput, ValueRules, FieldType } from "@/api/types";
import { same } from "@/shared/changes";
import { useDebounced } from "@/shared/useDebounced";
import { AttributeInput } from "../AttributeInput";
import { customAttribute } from "../attributes";
import { useFieldPreview } from "./api";
import { fieldValue, plainValue, type PlainValue } from "./values";

export interface RuleValues {
  min: PlainValue;
  max: PlainValue;
  minLength: number | null;
  maxLength: number | null;
  pattern: string;
  patternHint: string;
  maxDecimals: number | null;
}

const ranged: FieldType[] = ["FIELD_TYPE_INTEGER", "FIELD_TYPE_DECIMAL", "FIELD_TYPE_DATE", "FIELD_TYPE_TIMESTAMP"];
const long: FieldType[] = ["FIELD_TYPE_TEXT", "FIELD_TYPE_LONG_TEXT"];

export function ruleValues(rules: Field["rules"]): RuleValues {
  return {
    min: plainValue(rules?.min),
    max: plainValue(rules?.max),
    minLength: rules?.minLength || null,
    maxLength: rules?.maxLength || null,
    pattern: rules?.pattern ?? "",
    patternHint: rules?.patternHint ?? "",
    maxDecimals: rules?.maxDecimals ?? null,
  };
}

/** Rules that the type has; `undefined` when there is none. */
export function rulesOf(type: FieldType, values: RuleValues): FieldInput["rules"] {
  const rules: Partial<ValueRules> = {};
  if (ranged.includes(type)) {
    const [min, max] = [fieldValue(type, values.min), fieldValue(type, values.max)];
    if (min) rules.min = min as ValueRules["min"];
    if (max) rules.max = max as ValueRules["max"];
  }
  if (long.includes(type)) {
    if (values.minLength) rules.minLength = values.minLength;
    if (values.maxLength) rules.maxLength = values.maxLength;
  }
  if (type === "FIELD_TYPE_TEXT" && values.pattern) {
    rules.pattern = values.pattern;
    if (values.patternHint) rules.patternHint = values.patternHint;
  }
  if (type === "FIELD_TYPE_DECIMAL" && values.maxDecimals !== null) rules.maxDecimals = values.maxDecimals;
  return Object.keys(rules).length > 0 ? rules : undefined;
}

export function RuleItems({ field }: { field: Field | undefined }) {
  const { t } = useTranslation();
  const form = Form.useFormInstance();
  const type = Form.useWatch<FieldType | undefined>("type", form);
  const sample = { key: "limit", type, labelZh: "", labelEn: "", dictionary: "", writable: true } as unknown as Field;
  const number = (name: "minLength" | "maxLength" | "maxDecimals", max: number) => (
    <Col xs={24} sm={12}>
      <Form.Item name={["rules", name]} label={t(`settings.field.${name}`)}>
        <InputNumber min={0} max={max} precision={0} style={{ width: "100%" }} />
      </Form.Item>
    </Col>
  );
  const day = (name: "validFrom" | "validUntil") => (
    <Col xs={24} sm={12}>
      <Form.Item
        name={name}
        label={t(`settings.field.${name}`)}
        extra={name === "validFrom" ? t("settings.field.validHint") : undefined}
        getValueProps={(value: string) => ({ value: value ? dayjs(value) : null })}
        normalize={(value: dayjs.Dayjs | null) => value?.format("YYYY-MM-DD") ?? ""}
      >
        <DatePicker style={{ width: "100%" }} />
      </Form.Item>
    </Col>
  );
  return (
    <>
      <Row gutter={16}>
        {type && ranged.includes(type) &&
          (["min", "max"] as const).map((name) => (
            <Col key={`${type}-${name}`} xs={24} sm={12}>
              <Form.Item name={["rules", name]} label={t(`settings.field.${name}`)}>
                <AttributeInput attribute={customAttribute(sample, false)} />
              </Form.Item>
            </Col>
          ))}
        {type === "FIELD_TYPE_DECIMAL" && number("maxDecimals", 8)}
        {type && long.includes(type) && number("minLength", 10_000)}
        {type && long.includes(type) && number("maxLength", 10_000)}
        {type === "FIELD_TYPE_TEXT" &&
          (["pattern", "patternHint"] as const).map((name) => (
            <Col key={name} xs={24} sm={12}>
              <Form.Item name={["rules", name]} label={t(`settings.field.${name}`)}>
                <Input maxLength={name === "pattern" ? 500 : 200} autoComplete="off" />
              </Form.Item>
            </Col>
          ))}
      </Row>
      {field && <Breaking field={field} />}
      <Row gutter={16}>
        {day("validFrom")}
        {day("validUntil")}
      </Row>
    </>
  );
}

/** What the form would mean for the records that there are; nothing while it asks for no more than before. */
function Breaking({ field }: { field: Field }) {
  const { t } = useTranslation();
  const form = Form.useFormInstance();
  const values = Form.useWatch<RuleValues | undefined>("rules", form);
  const required = Form.useWatch<boolean | undefined>("required", form) ?? field.required;
  const rules = rulesOf(field.type, { ...ruleValues(field.rules), ...values });
  const draft = useDebounced({ ...inputOf(field), rules, required }, 500);
  const isStricter = !same(draft.rules, field.rules) || (draft.required && !field.required);
  const { data } = useFieldPreview(draft, isStricter);
  if (!isStricter || !data) return null;
  const breaking = Number(data.breakingCount);
  const missing = Number(data.missingCount);
  const counts = t("settings.field.breaking", { breaking, holding: Number(data.holdingCount), missing });
  const text = breaking + missing > 0 ? counts : t("settings.field.noneBreaking");
  return <Alert type={breaking + missing > 0 ? "warning" : "success"} showIcon title={text} style={{ marginBottom: 16 }} data-testid="field-preview" />;
}

/** What a definition is sent as, without what only answers hold. */
function inputOf(field: Field): FieldInput {
  const { key, type, labelZh, labelEn, recordKind } = field;
  return { key, type, labelZh, labelEn, recordKind };
}
