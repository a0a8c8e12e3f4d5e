// The fields of a customer, built in and custom, described once: columns, filters, forms, exports and import targets
// are all made from this list.
import { useMemo } from "react";
import dayjs from "dayjs";
import { useTranslation } from "react-i18next";
import type { Customer, Dictionary, Field, FieldType } from "@/api/types";
import { useDictionaries } from "./dictionaries/api";
import { useFields } from "./fields/api";

export type AttributeKind =
  | "text"
  | "longText"
  | "enum"
  | "dictionary"
  | "dictionaries"
  | "tree"
  | "integer"
  | "decimal"
  | "boolean"
  | "date"
  | "timestamp"
  | "employee"
  | "group"
  | "satisfaction";

export type Section = "main" | "contact" | "business" | "finance" | "custom" | "system";

export interface Attribute {
  /** Name in filters and orders: `last_contact_time`, `custom.budget`. */
  path: string;
  /** Name in masks, columns and imports: `last_contact_time`, `custom_fields.budget`. */
  maskPath: string;
  label: string;
  kind: AttributeKind;
  section: Section;
  /** Key in the customer's JSON; custom fields have none. */
  key?: keyof Customer;
  dictionary?: string;
  enumName?: "CustomerKind" | "CustomerStage" | "CustomerState" | "Gender" | "DecisionRole" | "InteractionType" | "InteractionState";
  /** Values of an enum: name in JSON and name in filters. */
  options?: { value: string; filterValue: string }[];
  field?: Field;
  /** The scheme whose grade it is, where that is no field of its own. */
  scheme?: string;
  /** Can be typed into forms. */
  editable: boolean;
  sortable: boolean;
  filterable: boolean;
  /** Can be the target of an import's column. */
  importable: boolean;
  /** Only of persons or of organisations. */
  only?: "CUSTOMER_KIND_PERSON" | "CUSTOMER_KIND_ORGANIZATION";
}

type BuiltIn = Omit<Attribute, "label" | "maskPath" | "path"> & { key: keyof Customer };

export const enumOptions = (prefix: string, names: string[]) =>
  names.map((name) => ({ value: `${prefix}_${name}`, filterValue: name }));

const plain = { editable: true, sortable: false, filterable: true, importable: true };
const sortable = { ...plain, sortable: true };
const output = { editable: false, sortable: true, filterable: true, importable: false };

const builtIns: BuiltIn[] = [
  { ...sortable, key: "name", kind: "text", section: "main" },
  { ...sortable, key: "number", kind: "text", section: "main" },
  { ...plain, key: "kind", kind: "enum", section: "main", enumName: "CustomerKind", options: enumOptions("CUSTOMER_KIND", ["PERSON", "ORGANIZATION"]) },
  { ...plain, key: "level", kind: "dictionary", section: "main", dictionary: "level" },
  { ...plain, key: "tags", kind: "dictionaries", section: "main", dictionary: "tag", editable: false, importable: false },
  { ...plain, key: "status", kind: "dictionary", section: "main", dictionary: "customer_status" },
  { ...plain, key: "region", kind: "tree", section: "main", dictionary: "region" },
  { ...plain, key: "phone", kind: "text", section: "contact" },
  { ...plain, key: "email", kind: "text", section: "contact" },
  { ...plain, key: "website", kind: "text", section: "contact", only: "CUSTOMER_KIND_ORGANIZATION" },
  { ...plain, key: "industry", kind: "dictionary", section: "business", dictionary: "industry" },
  { ...plain, key: "source", kind: "dictionary", section: "business", dictionary: "source" },
  { ...plain, key: "grade", kind: "dictionary", section: "business", dictionary: "grade" },
  { ...plain, key: "credit", kind: "dictionary", section: "business", dictionary: "credit" },
  { ...plain, key: "satisfaction", kind: "satisfaction", section: "business" },
  { ...plain, key: "gender", kind: "enum", section: "main", enumName: "Gender", options: enumOptions("GENDER", ["MALE", "FEMALE"]), only: "CUSTOMER_KIND_PERSON" },
  { ...plain, key: "birthday", kind: "date", section: "main", only: "CUSTOMER_KIND_PERSON" },
  { ...plain, key: "idNumber", kind: "text", section: "finance" },
  { ...plain, key: "legalRepresentative", kind: "text", section: "finance", only: "CUSTOMER_KIND_ORGANIZATION" },
  { ...plain, key: "bankName", kind: "text", section: "finance" },
  { ...plain, key: "bankAccount", kind: "text", section: "finance" },
  { ...plain, key: "remark", kind: "longText", section: "business" },
  { ...output, key: "ownerId", kind: "employee", section: "system", sortable: false },
  { ...output, key: "groupId", kind: "group", section: "system", sortable: false },
  { ...output, key: "state", kind: "enum", section: "system", enumName: "CustomerState", options: enumOptions("CUSTOMER_STATE", ["ACTIVE", "INVALID"]), sortable: false },
  { ...output, key: "stage", kind: "enum", section: "system", enumName: "CustomerStage", options: enumOptions("CUSTOMER_STAGE", ["ACQUIRE", "RETAIN", "ENDED", "WIN_BACK"]), sortable: false },
  { ...output, key: "lastContactTime", kind: "timestamp", section: "system" },
  { ...output, key: "createTime", kind: "timestamp", section: "system" },
  { ...output, key: "updateTime", kind: "timestamp", section: "system" },
];

export type BuiltInKey = (typeof builtIns)[number]["key"];

export const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const customKinds: Record<FieldType, AttributeKind> = {
  FIELD_TYPE_UNSPECIFIED: "text",
  FIELD_TYPE_TEXT: "text",
  FIELD_TYPE_INTEGER: "integer",
  FIELD_TYPE_DECIMAL: "decimal",
  FIELD_TYPE_BOOLEAN: "boolean",
  FIELD_TYPE_DATE: "date",
  FIELD_TYPE_TIMESTAMP: "timestamp",
  FIELD_TYPE_OPTION: "dictionary",
  FIELD_TYPE_OPTIONS: "dictionaries",
  FIELD_TYPE_LONG_TEXT: "longText",
  FIELD_TYPE_EMAIL: "text",
  FIELD_TYPE_PHONE: "text",
  FIELD_TYPE_URL: "text",
};

/** Outside of its time a field is shown and no longer asked for. */
export function isAskedFor(field: Pick<Field, "validFrom" | "validUntil">, today = dayjs().format("YYYY-MM-DD")): boolean {
  return (!field.validFrom || field.validFrom <= today) && (!field.validUntil || today <= field.validUntil);
}

export function customAttribute(field: Field, english: boolean): Attribute {
  return {
    ...plain,
    editable: field.writable !== false && isAskedFor(field),
    importable: field.writable !== false,
    path: `custom.${field.key}`,
    maskPath: `custom_fields.${field.key}`,
    label: english && field.labelEn ? field.labelEn : field.labelZh,
    kind: customKinds[field.type ?? "FIELD_TYPE_TEXT"],
    section: "custom",
    dictionary: field.dictionary || undefined,
    field,
  };
}

export function builtInAttributes(label: (key: string) => string): Attribute[] {
  return builtIns.map((attribute) => {
    const path = snakeCase(attribute.key);
    return { ...attribute, path, maskPath: path, label: label(attribute.key) };
  });
}

/** Grades of schemes that are no fields of their own. */
export function gradeAttribute(scheme: Dictionary, english: boolean): Attribute {
  const path = `grades.${scheme.code}`;
  const label = english && scheme.nameEn ? scheme.nameEn : scheme.nameZh;
  return { ...sortable, editable: false, importable: false, path, maskPath: path, label, kind: "dictionary", section: "business", dictionary: scheme.code, scheme: scheme.code };
}

/** Every attribute, custom ones behind the built-in, labelled in the caller's language. */
export function useAttributes(): Attribute[] {
  const { t, i18n } = useTranslation();
  const { data: fields } = useFields();
  const { data: dictionaries } = useDictionaries();
  return useMemo(() => {
    // The keys of the built-in attributes and of their texts are the same; the texts' test holds that.
    const label = (key: string) => t(`customers.attributes.${key}` as "customers.attributes.name");
    const english = i18n.language === "en";
    const custom = (fields ?? []).filter((field) => !field.retired && field.readable).map((field) => customAttribute(field, english));
    const builtIn = builtInAttributes(label);
    const known = new Set(builtIn.map(({ path }) => path));
    const grades = (dictionaries ?? []).filter(({ graded, code }) => graded && !known.has(code)).map((scheme) => gradeAttribute(scheme, english));
    return [...builtIn, ...grades, ...custom];
  }, [fields, dictionaries, t, i18n.language]);
}
