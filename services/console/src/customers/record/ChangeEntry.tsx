import { Flex, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { CustomerChange, FieldChange } from "@/api/types";
import { zh } from "@/i18n/zh";
import { Time } from "@/shared/Time";
import { PlainAttributeValue } from "../AttributeValue";
import { useAttributes, type Attribute } from "../attributes";
import { EntryLabel } from "../dictionaries/pickers";
import { changeFieldName, changeValue, codedBy, isMoment } from "./changeTexts";

type Action = keyof typeof zh.customers.timeline.actions;

export function ChangeEntry({ change }: { change: CustomerChange }) {
  const { t } = useTranslation();
  const attributes = useAttributes();
  const action = change.action.replaceAll(".", "_");
  const known = action in zh.customers.timeline.actions ? (action as Action) : undefined;
  return (
    <Flex vertical gap={2}>
      <span>{known ? t(`customers.timeline.actions.${known}`) : change.action}</span>
      {change.fields.map((field) => (
        <FieldLine key={field.field} field={field} attribute={findAttribute(attributes, field.field)} />
      ))}
    </Flex>
  );
}

/** Changes name fields by the path of a mask, with or without the resource in front. */
function findAttribute(attributes: readonly Attribute[], path: string): Attribute | undefined {
  return attributes.find((attribute) => attribute.maskPath === path || attribute.path === path || `customer.${attribute.maskPath}` === path);
}

function FieldLine({ field, attribute }: { field: FieldChange; attribute: Attribute | undefined }) {
  const { t } = useTranslation();
  const show = (value: string) => {
    if (value === "") return <span aria-label={t("common.none")}>—</span>;
    const dictionary = codedBy[field.field];
    if (dictionary) return <EntryLabel dictionary={dictionary} code={value} />;
    if (isMoment(value)) return <Time value={value} />;
    // The history holds plain texts; only codes gain from being shown by their kind.
    const coded = attribute?.kind === "dictionary" || attribute?.kind === "tree" || attribute?.kind === "timestamp";
    const isEnum = attribute?.kind === "enum" && value.startsWith(value.split("_")[0]?.toUpperCase() ?? "") && value.includes("_");
    return attribute && (coded || isEnum) ? <PlainAttributeValue attribute={attribute} value={value} /> : <span>{changeValue(t, field.field, value)}</span>;
  };
  return (
    <Typography.Text type="secondary" style={{ fontSize: 13 }}>
      {attribute?.label ?? changeFieldName(t, field.field)}: {field.before !== "" && field.before !== field.after && <>{show(field.before)} → </>}<Typography.Text style={{ fontSize: 13 }}>{show(field.after)}</Typography.Text>
    </Typography.Text>
  );
}
