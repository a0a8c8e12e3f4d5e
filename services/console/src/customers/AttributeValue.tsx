// One value of a customer as it is shown anywhere: table cells, descriptions, cards, comparisons.
import { Rate, Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { Customer } from "@/api/types";
import { Time } from "@/shared/Time";
import type { Attribute } from "./attributes";
import { EntryLabel } from "./dictionaries/pickers";
import { TagChips } from "./tags/TagChips";
import { plainValue, type PlainValue } from "./fields/values";

export function attributeValue(customer: Customer, attribute: Attribute): PlainValue {
  if (attribute.field) return plainValue(customer.customFields?.[attribute.field.key ?? ""]);
  if (attribute.scheme) return customer.grades[attribute.scheme];
  if (attribute.key === "tags") return customer.tags;
  if (attribute.key === "ownerId") return customer.ownerName;
  if (attribute.key === "groupId") return customer.groupName;
  const value = attribute.key && customer[attribute.key];
  return typeof value === "object" ? undefined : value;
}

export function AttributeValue({ customer, attribute }: { customer: Customer; attribute: Attribute }) {
  const value = attributeValue(customer, attribute);
  if (attribute.key === "tags" && customer.tags.length > 0) return <TagChips tags={customer.tags} />;
  if (attribute.key === "ownerId" && !value) return <PoolTag />;
  return <PlainAttributeValue attribute={attribute} value={value} />;
}

export function PoolTag() {
  const { t } = useTranslation();
  return (
    <Tag color="orange" style={{ margin: 0 }}>
      {t("customers.inPool")}
    </Tag>
  );
}

export function PlainAttributeValue({ attribute, value }: { attribute: Attribute; value: PlainValue }) {
  const { t } = useTranslation();
  if (value === undefined || value === "" || (Array.isArray(value) && value.length === 0)) {
    return <Typography.Text type="secondary" aria-hidden>—</Typography.Text>;
  }
  if (attribute.field?.type === "FIELD_TYPE_URL") {
    return <a href={String(value)} target="_blank" rel="noopener noreferrer">{String(value)}</a>;
  }
  switch (attribute.kind) {
    case "enum":
      return <EnumValue attribute={attribute} value={String(value)} />;
    case "dictionary":
    case "tree":
      return <EntryLabel dictionary={attribute.dictionary ?? ""} code={String(value)} />;
    case "dictionaries":
      return [value].flat().map((code) => (
        <span key={String(code)} style={{ marginInlineEnd: 4 }}>
          <EntryLabel dictionary={attribute.dictionary ?? ""} code={String(code)} />
        </span>
      ));
    case "boolean":
      return value ? t("common.yes") : t("common.no");
    case "timestamp":
      return <Time value={String(value)} />;
    case "satisfaction":
      return value ? <Rate disabled value={Number(value)} style={{ fontSize: 13 }} /> : <span aria-hidden>—</span>;
    case "integer":
    case "decimal":
      return <span className="tabular">{String(value)}</span>;
    default:
      return <span className={attribute.kind === "date" || attribute.key === "phone" ? "tabular" : undefined}>{String(value)}</span>;
  }
}

function EnumValue({ attribute, value }: { attribute: Attribute; value: string }) {
  const { t } = useTranslation();
  if (value.endsWith("_UNSPECIFIED")) return <span aria-hidden>—</span>;
  const text = t(`enums.${attribute.enumName ?? "CustomerKind"}.${value}` as "enums.CustomerKind.CUSTOMER_KIND_PERSON");
  if (value === "CUSTOMER_STATE_INVALID") return <Tag style={{ margin: 0 }}>{text}</Tag>;
  return <span>{text}</span>;
}
