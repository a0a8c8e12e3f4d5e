// Codes in forms, filters and tables: labels that know their dictionary, and inputs that choose from it.
import { useMemo } from "react";
import { Cascader, Flex, Select, Tag } from "antd";
import { useTranslation } from "react-i18next";
import type { DictionaryEntry } from "@/api/types";
import { ancestry, pathName, useEntries, useEntryName, type EntryIndex } from "./entries";

export function EntryLabel({ dictionary, code }: { dictionary: string; code: string }) {
  const { index, isPending } = useEntries(dictionary);
  const nameOf = useEntryName();
  if (!code) return null;
  // A code that turns into a name a moment later looks like a fault.
  if (isPending) return <span className="pending-name" aria-hidden />;
  const entry = index.byCode.get(code);
  if (entry?.parentCode) {
    const path = pathName(index, code, nameOf);
    return <span title={path}>{path}</span>;
  }
  if (entry?.color) {
    return (
      <Tag color={entry.color} style={{ margin: 0 }}>
        {nameOf(entry)}
      </Tag>
    );
  }
  return <span>{entry ? nameOf(entry) : code}</span>;
}

interface SelectProps {
  id?: string;
  dictionary: string;
  disabled?: boolean;
  placeholder?: string;
  autoFocus?: boolean;
  defaultOpen?: boolean;
  style?: React.CSSProperties;
  "aria-label"?: string;
}

interface OneProps extends SelectProps {
  multiple?: false;
  value?: string;
  onChange?: (code: string) => void;
}

interface ManyProps extends SelectProps {
  multiple: true;
  value?: string[];
  onChange?: (codes: string[]) => void;
}

export function EntrySelect(props: OneProps | ManyProps) {
  const { t } = useTranslation();
  const { dictionary, multiple, value, onChange, style, ...rest } = props;
  const { index, isPending } = useEntries(dictionary);
  const nameOf = useEntryName();
  const chosen = [value ?? []].flat().filter(Boolean);
  // A retired entry can't be taken anew, but what is chosen keeps its name.
  const offered = index.list.filter((entry) => !entry.retired || chosen.includes(entry.code));
  return (
    <Select
      {...rest}
      mode={multiple ? "multiple" : undefined}
      value={multiple ? chosen : value || undefined}
      onChange={(next: string | string[] | undefined) => {
        if (multiple) (onChange)?.([next ?? []].flat());
        else (onChange)?.((next as string | undefined) ?? "");
      }}
      allowClear
      loading={isPending}
      showSearch={{ optionFilterProp: "label" }}
      options={offered.map((entry) => ({ value: entry.code, label: nameOf(entry), color: entry.color }))}
      optionRender={({ data, label }) => (
        <Flex align="center" gap={8}>
          {data.color && <Dot color={data.color} />}
          {label}
        </Flex>
      )}
      placeholder={rest.placeholder ?? t("common.selectPlaceholder")}
      style={{ width: "100%", ...style }}
    />
  );
}

/** A tag's colour as a dot; preset names such as `gold` are the tag's business. */
export function Dot({ color }: { color: string }) {
  return <Tag color={color} aria-hidden style={{ width: 10, height: 10, padding: 0, margin: 0, borderRadius: 5, lineHeight: 1 }} />;
}

interface Option {
  value: string;
  label: string;
  children?: Option[];
}

interface TreePickerProps extends SelectProps {
  value?: string;
  onChange?: (code: string) => void;
}

/** One entry of a tree, at any depth, found by walking down or by typing a name. */
export function TreeEntryPicker({ dictionary, value, onChange, style, ...rest }: TreePickerProps) {
  const { t } = useTranslation();
  const { index, isPending } = useEntries(dictionary);
  const nameOf = useEntryName();
  const options = useMemo(() => branches(index, "", nameOf), [index, nameOf]);
  const known = value ? ancestry(index, value).map((entry) => entry.code) : [];
  // A code that isn't in the dictionary, such as the beginning of one in a filter, is shown as it is.
  const path = known.length > 0 ? known : value && !isPending ? [value] : undefined;
  return (
    <Cascader<Option>
      {...rest}
      options={options}
      loading={isPending}
      value={path}
      onChange={(codes) => onChange?.(String(codes?.at(-1) ?? ""))}
      changeOnSelect
      expandTrigger="hover"
      showSearch={{ matchInputWidth: false, limit: 30 }}
      displayRender={(labels) => labels.filter((label, place) => label !== labels[place - 1]).join(" / ")}
      placeholder={rest.placeholder ?? t("common.selectPlaceholder")}
      style={{ width: "100%", ...style }}
    />
  );
}

function branches(index: EntryIndex, parentCode: string, nameOf: (entry: DictionaryEntry) => string): Option[] {
  return (index.childrenOf.get(parentCode) ?? [])
    .filter((entry) => !entry.retired)
    .map((entry) => {
      const children = branches(index, entry.code, nameOf);
      return { value: entry.code, label: nameOf(entry), children: children.length > 0 ? children : undefined };
    });
}
