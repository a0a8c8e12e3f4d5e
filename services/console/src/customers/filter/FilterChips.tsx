// The conditions in force, in words; each can be taken away by itself.
import { Flex, Tag } from "antd";
import { useTranslation } from "react-i18next";
import { useDirectoryNames } from "@/identity/directory/EmployeePicker";
import { useGroups } from "@/identity/api";
import type { Attribute } from "../attributes";
import { codeOfBeginning, pathName, useEntries, useEntryName } from "../dictionaries/entries";
import { operatorLabel } from "./ConditionRow";
import { kindLookup } from "./FilterDrawer";
import { arityOf, type Condition } from "./model";
import { fromText } from "./parse";
import { toText } from "./text";

interface FilterChipsProps {
  filter: string;
  attributes: Attribute[];
  onChange: (filter: string) => void;
}

export function FilterChips({ filter, attributes, onChange }: FilterChipsProps) {
  if (!filter) return null;
  const kindOf = kindLookup(attributes);
  const group = fromText(filter, kindOf);
  const simple = group?.join === "AND" ? group : undefined;
  if (!simple) {
    return (
      <Flex>
        <Tag closable onClose={() => onChange("")} style={{ margin: 0, maxWidth: "100%", whiteSpace: "normal" }} data-testid="filter-chip">
          <code>{filter}</code>
        </Tag>
      </Flex>
    );
  }
  return (
    <Flex gap={6} wrap>
      {simple.children.map((child, place) => {
        const rest = { ...simple, children: simple.children.filter((_, index) => index !== place) };
        return (
          <Tag
            key={toText(child, kindOf)}
            closable
            color="blue"
            variant="filled"
            onClose={(event) => {
              event.preventDefault();
              onChange(toText(rest, kindOf));
            }}
            style={{ margin: 0, paddingBlock: 2, maxWidth: "100%", whiteSpace: "normal" }}
            data-testid="filter-chip"
          >
            {child.type === "condition" ? <ConditionText condition={child} attributes={attributes} /> : <code>{toText(child, kindOf)}</code>}
          </Tag>
        );
      })}
    </Flex>
  );
}

function ConditionText({ condition, attributes }: { condition: Condition; attributes: Attribute[] }) {
  const { t } = useTranslation();
  const attribute = attributes.find((candidate) => candidate.path === condition.path);
  const { index, isPending } = useEntries(attribute?.dictionary);
  const nameOf = useEntryName();
  const people = useDirectoryNames(attribute?.kind === "employee" ? condition.values : []);
  const groups = useGroups().data;
  if (!attribute) return null;
  const nameValue = (value: string): string => {
    const option = attribute.options?.find((candidate) => candidate.filterValue === value);
    if (option) return t(`enums.${attribute.enumName ?? "CustomerKind"}.${option.value}` as "enums.Gender.GENDER_MALE");
    if (attribute.dictionary) return isPending ? "…" : pathName(index, condition.operator === "within" ? codeOfBeginning(index, value) : value, nameOf);
    if (attribute.kind === "employee") return people.find((person) => person.id === value)?.displayName ?? value;
    if (attribute.kind === "group") return groups?.find((group) => group.id === value)?.name ?? value;
    if (attribute.kind === "boolean") return t(value === "true" ? "common.yes" : "common.no");
    return value;
  };
  const values = arityOf(condition.operator) === "days" ? `${condition.values[0] ?? ""} ${t("customers.filter.days")}` : condition.values.map(nameValue).join(t("customers.filter.or"));
  return (
    <span>
      {attribute.label} {operatorLabel(t, attribute, condition.operator)} {values && <strong>{values}</strong>}
    </span>
  );
}
