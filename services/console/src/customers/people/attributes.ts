// The fields of contacts and of interactions as their lists show, filter and sort by them; custom ones come behind.
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Contact, Interaction, RecordKind } from "@/api/types";
import { customAttribute, enumOptions, type Attribute } from "../attributes";
import { useFields } from "../fields/api";
import { plainValue, type PlainValue } from "../fields/values";

type Described = Pick<Attribute, "kind"> & Partial<Attribute>;

const fixed = (path: string, label: string, rest: Described): Attribute => ({
  path,
  maskPath: path,
  label,
  section: "main",
  editable: false,
  importable: false,
  sortable: true,
  filterable: true,
  ...rest,
});

/** Shown, and neither filtered nor sorted by. */
const shown = { sortable: false, filterable: false };
const unordered = { sortable: false };

function useCustom(recordKind: RecordKind): Attribute[] {
  const { i18n } = useTranslation();
  const { data: fields } = useFields(recordKind);
  return useMemo(
    () => (fields ?? []).filter((field) => !field.retired && field.readable).map((field) => ({ ...customAttribute(field, i18n.language === "en"), editable: false, sortable: true })),
    [fields, i18n.language],
  );
}

export function useContactAttributes(): Attribute[] {
  const { t } = useTranslation();
  const custom = useCustom("RECORD_KIND_CONTACT");
  return useMemo(() => {
    const roles = enumOptions("DECISION_ROLE", ["BUYER", "TECHNICAL", "FINANCIAL", "DECISION_MAKER", "USER"]);
    return [
      fixed("name", t("customers.contact.name"), { kind: "text" }),
      fixed("customer_name", t("lists.contacts.customer"), { kind: "text" }),
      fixed("post", t("customers.contact.post"), { kind: "text" }),
      fixed("decision_role", t("customers.contact.decisionRole"), { kind: "enum", enumName: "DecisionRole", options: roles, ...unordered }),
      fixed("phone", t("customers.contact.phone"), { kind: "text" }),
      fixed("email", t("customers.contact.email"), { kind: "text" }),
      fixed("wechat", t("customers.contact.wechat"), { kind: "text" }),
      fixed("hobby", t("customers.contact.hobby"), { kind: "text" }),
      fixed("birthday", t("customers.contact.birthday"), { kind: "date" }),
      fixed("relationship_strength", t("customers.contact.relationshipStrength"), { kind: "satisfaction" }),
      fixed("primary", t("customers.contact.primary"), { kind: "boolean" }),
      fixed("remark", t("customers.attributes.remark"), { kind: "longText" }),
      fixed("create_time", t("customers.attributes.createTime"), { kind: "timestamp" }),
      fixed("update_time", t("customers.attributes.updateTime"), { kind: "timestamp" }),
      ...custom,
    ];
  }, [t, custom]);
}

export function useInteractionAttributes(): Attribute[] {
  const { t } = useTranslation();
  const custom = useCustom("RECORD_KIND_INTERACTION");
  return useMemo(() => {
    const types = enumOptions("INTERACTION_TYPE", ["VISIT", "CALL", "WECHAT", "MEETING", "SMS", "EMAIL", "LETTER"]);
    const states = enumOptions("INTERACTION_STATE", ["PLANNED", "DONE", "CANCELLED"]);
    return [
      fixed("subject", t("customers.interaction.subject"), { kind: "text", ...unordered }),
      fixed("customer_name", t("lists.contacts.customer"), { kind: "text", ...shown }),
      fixed("type", t("customers.interaction.type"), { kind: "enum", enumName: "InteractionType", options: types, ...unordered }),
      fixed("state", t("lists.interactions.state"), { kind: "enum", enumName: "InteractionState", options: states, ...unordered }),
      fixed("occur_time", t("customers.interaction.occurTime"), { kind: "timestamp" }),
      fixed("employee_id", t("lists.interactions.employee"), { kind: "employee", ...unordered }),
      fixed("contact_names", t("customers.interaction.contacts"), { kind: "text", ...shown }),
      fixed("content", t("customers.interaction.content"), { kind: "longText", ...shown }),
      fixed("next_step", t("customers.interaction.nextStep"), { kind: "text", ...shown }),
      fixed("next_step_time", t("customers.interaction.nextStepTime"), { kind: "timestamp" }),
      fixed("place", t("customers.interaction.place"), { kind: "text", ...shown }),
      fixed("create_time", t("customers.attributes.createTime"), { kind: "timestamp" }),
      ...custom,
    ];
  }, [t, custom]);
}

const camelCase = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

export function recordValue(record: Contact | Interaction, attribute: Attribute): PlainValue {
  if (attribute.field) return plainValue(record.customFields[attribute.field.key]);
  if (attribute.path === "employee_id") return (record as Interaction).employeeName;
  const value = (record as unknown as Record<string, PlainValue>)[camelCase(attribute.path)];
  // Several names are one text here.
  return attribute.kind === "text" && Array.isArray(value) ? value.join(", ") : value;
}
