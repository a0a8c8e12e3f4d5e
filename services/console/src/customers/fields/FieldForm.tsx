import { Form, Input, InputNumber, Select, Switch } from "antd";
import { useTranslation } from "react-i18next";
import type { Field, FieldPatch, FieldType, PersonalData, RecordKind } from "@/api/types";
import { changedFields } from "@/shared/changes";
import { FormDrawer } from "@/shared/FormDrawer";
import { useNotices } from "@/shared/notices";
import { AttributeInput } from "../AttributeInput";
import { customAttribute, snakeCase } from "../attributes";
import { useDictionaries } from "../dictionaries/api";
import { useEntryName } from "../dictionaries/entries";
import { createField, updateField, useFieldsChanged } from "./api";
import { RoleItems } from "./RoleItems";
import { RuleItems, rulesOf, ruleValues, type RuleValues } from "./RuleItems";
import { fieldValue, plainValue, type PlainValue } from "./values";

interface FieldFormProps {
  /** What a new field is of. */
  recordKind: RecordKind;
  /** Left out: a new one. */
  field: Field | undefined;
  open: boolean;
  onClose: () => void;
}

interface Values {
  key: string;
  type: FieldType;
  labelZh: string;
  labelEn: string;
  required: boolean;
  unique: boolean;
  dictionary: string;
  defaultValue: PlainValue;
  position: number;
  personalData: PersonalData;
  indexed: boolean;
  readRoleIds: string[];
  writeRoleIds: string[];
  validFrom: string;
  validUntil: string;
  rules: RuleValues;
}

const types: FieldType[] = ["FIELD_TYPE_TEXT", "FIELD_TYPE_INTEGER", "FIELD_TYPE_DECIMAL", "FIELD_TYPE_BOOLEAN", "FIELD_TYPE_DATE", "FIELD_TYPE_TIMESTAMP", "FIELD_TYPE_OPTION", "FIELD_TYPE_OPTIONS", "FIELD_TYPE_LONG_TEXT", "FIELD_TYPE_EMAIL", "FIELD_TYPE_PHONE", "FIELD_TYPE_URL"];
const personalData: PersonalData[] = ["PERSONAL_DATA_UNSPECIFIED", "PERSONAL_DATA_PHONE", "PERSONAL_DATA_EMAIL", "PERSONAL_DATA_ID_NUMBER", "PERSONAL_DATA_ADDRESS", "PERSONAL_DATA_BANK_ACCOUNT"];

export function FieldForm({ recordKind, field, open, onClose }: FieldFormProps) {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useFieldsChanged();
  const before = valuesOf(field);
  const save = async (values: Values) => {
    const after = { ...before, ...values };
    const input = inputOf(after, field?.recordKind ?? recordKind);
    if (field) {
      const changes: FieldPatch = changedFields<FieldPatch>(inputOf(before, field.recordKind), input);
      const mask = Object.keys(changes).map(snakeCase);
      if (mask.length === 0) return;
      await updateField(field.key, { ...changes, etag: field.etag }, mask);
    } else {
      await createField(input);
    }
    notices.done(t("common.saved"));
    await changed();
  };
  return (
    <FormDrawer<Values> open={open} record={field} title={field ? field.labelZh : t("settings.field.create")} initialValues={before} submitText={field ? undefined : t("common.create")} onClose={onClose} onSubmit={save} testId="field-form">
      <Fields isNew={!field} />
      <RuleItems field={field} />
      <RoleItems open={open} />
    </FormDrawer>
  );
}

function Fields({ isNew }: { isNew: boolean }) {
  const { t } = useTranslation();
  const nameOf = useEntryName();
  const form = Form.useFormInstance<Values>();
  const type = Form.useWatch("type", form);
  const dictionary = Form.useWatch("dictionary", form);
  const dictionaries = useDictionaries().data;
  const takesDictionary = type === "FIELD_TYPE_OPTION" || type === "FIELD_TYPE_OPTIONS";
  const required = { required: true, message: t("common.required") };
  const sample = { key: "default", type, labelZh: "", labelEn: "", dictionary, writable: true } as unknown as Field;
  return (
    <>
      <Form.Item name="labelZh" label={t("settings.field.label")} rules={[required]}>
        <Input maxLength={64} autoFocus={isNew} />
      </Form.Item>
      <Form.Item name="labelEn" label={t("settings.field.labelEn")}>
        <Input maxLength={64} />
      </Form.Item>
      <Form.Item name="key" label={t("settings.field.key")} tooltip={t("settings.codeHint")} rules={[required, { pattern: /^[a-z][a-z0-9_]{0,31}$/, message: t("settings.codeHint") }]}>
        <Input maxLength={32} disabled={!isNew} prefix="custom." />
      </Form.Item>
      <Form.Item name="type" label={t("settings.field.type")} rules={[required]}>
        <Select disabled={!isNew} options={types.map((value) => ({ value, label: t(`enums.FieldType.${value}`) }))} onChange={() => form.setFieldValue("defaultValue", undefined)} />
      </Form.Item>
      {takesDictionary && (
        <Form.Item name="dictionary" label={t("settings.field.dictionary")} rules={[required]}>
          <Select disabled={!isNew} showSearch={{ optionFilterProp: "label" }} options={dictionaries?.map((item) => ({ value: item.code, label: nameOf(item) }))} />
        </Form.Item>
      )}
      {type && (!takesDictionary || dictionary) && (
        <Form.Item name="defaultValue" label={t("settings.field.defaultValue")} extra={t("settings.field.defaultHint")}>
          <AttributeInput attribute={customAttribute(sample, false)} />
        </Form.Item>
      )}
      <Form.Item name="required" label={t("settings.field.required")} valuePropName="checked">
        <Switch />
      </Form.Item>
      <Form.Item name="unique" label={t("settings.field.unique")} valuePropName="checked" extra={t("settings.field.uniqueHint")}>
        <Switch disabled={!isNew} />
      </Form.Item>
      <Form.Item name="indexed" label={t("settings.field.indexed")} valuePropName="checked" extra={t("settings.field.indexedHint")}>
        <Switch />
      </Form.Item>
      <Form.Item name="personalData" label={t("settings.field.personalData")} extra={t("settings.field.personalDataHint")}>
        <Select options={personalData.map((value) => ({ value, label: t(`enums.PersonalData.${value}`) }))} />
      </Form.Item>
      <Form.Item name="position" label={t("settings.position")}>
        <InputNumber min={0} max={100_000} precision={0} style={{ width: "100%" }} />
      </Form.Item>
    </>
  );
}

function inputOf({ rules, ...values }: Values, recordKind: RecordKind) {
  return { ...values, recordKind, defaultValue: fieldValue(values.type, values.defaultValue), rules: rulesOf(values.type, rules) };
}

function valuesOf(field: Field | undefined): Values {
  return {
    key: field?.key ?? "",
    type: field?.type ?? "FIELD_TYPE_TEXT",
    labelZh: field?.labelZh ?? "",
    labelEn: field?.labelEn ?? "",
    required: field?.required ?? false,
    unique: field?.unique ?? false,
    dictionary: field?.dictionary ?? "",
    defaultValue: plainValue(field?.defaultValue),
    position: field?.position ?? 100,
    personalData: field?.personalData ?? "PERSONAL_DATA_UNSPECIFIED",
    indexed: field?.indexed ?? false,
    readRoleIds: field?.readRoleIds ?? [],
    writeRoleIds: field?.writeRoleIds ?? [],
    validFrom: field?.validFrom ?? "",
    validUntil: field?.validUntil ?? "",
    rules: ruleValues(field?.rules),
  };
}
