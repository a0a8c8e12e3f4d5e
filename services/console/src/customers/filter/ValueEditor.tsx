import { DatePicker, Input, InputNumber, Select } from "antd";
import dayjs from "dayjs";
import { useTranslation } from "react-i18next";
import { EmployeePicker } from "@/identity/directory/EmployeePicker";
import { GroupPicker } from "@/identity/groups/GroupPicker";
import type { Attribute } from "../attributes";
import { beginningOf, codeOfBeginning, useEntries } from "../dictionaries/entries";
import { EntrySelect, TreeEntryPicker } from "../dictionaries/pickers";

interface ValueEditorProps {
  attribute: Attribute;
  many: boolean;
  /** Asks for what lies in a branch of a tree, which filters name by the beginning of its codes. */
  within: boolean;
  values: string[];
  onChange: (values: string[]) => void;
}

/** The value of a condition, by the attribute's kind. Values are as filters spell them. */
export function ValueEditor({ attribute, many, within, values, onChange }: ValueEditorProps) {
  const { t } = useTranslation();
  const label = t("customers.filter.value");
  const first = values[0] ?? "";
  const one = (value: string | null | undefined) => onChange(value ? [value] : []);
  switch (attribute.kind) {
    case "enum":
    case "boolean": {
      const options =
        attribute.kind === "boolean"
          ? [
              { value: "true", label: t("common.yes") },
              { value: "false", label: t("common.no") },
            ]
          : attribute.options?.map((option) => ({
              value: option.filterValue,
              label: t(`enums.${attribute.enumName ?? "CustomerKind"}.${option.value}` as "enums.Gender.GENDER_MALE"),
            }));
      return (
        <Select
          aria-label={label}
          mode={many ? "multiple" : undefined}
          value={many ? values : first || undefined}
          onChange={(value: string | string[]) => onChange([value].flat())}
          options={options}
          placeholder={t("common.selectPlaceholder")}
          style={{ width: "100%" }}
        />
      );
    }
    case "dictionary":
      return many ? (
        <EntrySelect multiple dictionary={attribute.dictionary ?? ""} value={values} onChange={onChange} aria-label={label} />
      ) : (
        <EntrySelect dictionary={attribute.dictionary ?? ""} value={first} onChange={one} aria-label={label} />
      );
    case "dictionaries":
      return <EntrySelect dictionary={attribute.dictionary ?? ""} value={first} onChange={one} aria-label={label} />;
    case "tree":
      return <BranchPicker dictionary={attribute.dictionary ?? ""} value={first} within={within} onChange={one} />;
    case "employee":
      return many ? (
        <EmployeePicker multiple value={values} onChange={onChange} offerMe aria-label={label} />
      ) : (
        <EmployeePicker value={first} onChange={one} offerMe aria-label={label} />
      );
    case "group":
      return <GroupPicker value={first} onChange={one} aria-label={label} />;
    case "date":
    case "timestamp":
      return (
        <DatePicker
          aria-label={label}
          value={first && dayjs(first).isValid() ? dayjs(first) : null}
          onChange={(value) => one(value?.format("YYYY-MM-DD"))}
          style={{ width: "100%" }}
        />
      );
    case "integer":
    case "decimal":
    case "satisfaction":
      return (
        <InputNumber<string>
          aria-label={label}
          stringMode
          precision={attribute.kind === "decimal" ? undefined : 0}
          value={first}
          onChange={one}
          style={{ width: "100%" }}
        />
      );
    default:
      return <Input aria-label={label} value={first} onChange={(event) => one(event.target.value)} maxLength={200} />;
  }
}

interface BranchPickerProps {
  dictionary: string;
  value: string;
  within: boolean;
  onChange: (value: string) => void;
}

function BranchPicker({ dictionary, value, within, onChange }: BranchPickerProps) {
  const { t } = useTranslation();
  const { index } = useEntries(dictionary);
  return (
    <TreeEntryPicker
      dictionary={dictionary}
      value={within ? codeOfBeginning(index, value) : value}
      onChange={(code) => onChange(within ? beginningOf(code) : code)}
      aria-label={t("customers.filter.value")}
    />
  );
}
