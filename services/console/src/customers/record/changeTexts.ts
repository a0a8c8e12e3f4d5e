// What the history of a customer names and the fields of a customer don't: fields of contacts, relations and shares, the
// file of an import, a reason.
import type { TFunction } from "i18next";
import { zh } from "@/i18n/zh";

const names = {
  addresses: "customers.address.title",
  import: "customers.timeline.fields.import",
  merged_customers: "customers.timeline.fields.merged_customers",
  reason: "common.reason",
  reason_code: "customers.pool.returnReason",
  rule: "customers.pool.ruleName",
  related_customer: "customers.relation.other",
  shared_with: "customers.share.with",
  expire_time: "customers.share.expireTime",
  type: "customers.relation.title",
  channel: "privacy.channel",
  purpose: "privacy.purpose",
  consent_source: "privacy.source",
  occur_time: "privacy.occurTime",
  text_version: "privacy.textVersion",
  reference: "privacy.reference",
  valid_from: "customers.relation.validFrom",
  valid_until: "customers.relation.validUntil",
  inverse: "customers.timeline.fields.inverse",
  description: "attachments.description",
  content_type: "attachments.contentType",
  finding: "attachments.finding",
  post: "customers.contact.post",
  decision_role: "customers.contact.decisionRole",
  wechat: "customers.contact.wechat",
  hobby: "customers.contact.hobby",
  relationship_strength: "customers.contact.relationshipStrength",
  primary: "customers.contact.primary",
  invalid: "customers.contact.invalid",
  version: "levels.grade.rules",
  points: "levels.points.title",
  churn_state: "settings.state",
  cause: "levels.churn.cause",
  due_date: "levels.churn.dueDate",
  measures: "levels.churn.measures",
  loss_code: "levels.churn.lossReason",
  note: "levels.churn.note",
} as const;

/** Codes of a dictionary that no field of a customer holds. */
export const codedBy: Readonly<Record<string, string>> = { reason_code: "return_reason", loss_code: "loss_reason", purpose: "contact_purpose", consent_source: "consent_source" };

/** A point in time as the history spells it. */
export const isMoment = (value: string) => /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/.test(value);

/** The name of a field that isn't one of a customer's; its path when nobody has named it. */
export function changeFieldName(t: TFunction, field: string): string {
  return field in names ? t(names[field as keyof typeof names]) : field.replace(/^custom_fields\./, "");
}

const switches = new Set(["primary", "invalid", "inverse"]);

/** The history keeps values as the service spells them. */
export function changeValue(t: TFunction, field: string, value: string): string {
  if (value in zh.enums.DecisionRole) return t(`enums.DecisionRole.${value as keyof typeof zh.enums.DecisionRole}`);
  if (value in zh.levels.churn.states) return t(`levels.churn.states.${value as keyof typeof zh.levels.churn.states}`);
  if (value in zh.enums.RelationType) return t(`enums.RelationType.${value as keyof typeof zh.enums.RelationType}`);
  if (value in zh.enums.ContactChannel) return t(`enums.ContactChannel.${value as keyof typeof zh.enums.ContactChannel}`);
  if (switches.has(field) && (value === "true" || value === "false")) return t(value === "true" ? "common.yes" : "common.no");
  return value;
}
