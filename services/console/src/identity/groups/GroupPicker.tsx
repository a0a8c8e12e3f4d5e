import { TreeSelect } from "antd";
import { useTranslation } from "react-i18next";
import { useGroups } from "../api";
import { groupTree, type GroupNode } from "./tree";

interface GroupPickerProps {
  id?: string;
  value?: string;
  onChange?: (id: string | undefined) => void;
  allowClear?: boolean;
  /** These can't be chosen. */
  except?: ReadonlySet<string>;
  placeholder?: string;
  style?: React.CSSProperties;
  "aria-label"?: string;
}

interface Option {
  value: string;
  title: string;
  disabled: boolean;
  children: Option[];
}

export function groupOptions(roots: readonly GroupNode[], except?: ReadonlySet<string>): Option[] {
  return roots.map((node) => ({
    value: node.group.id,
    title: node.group.name,
    disabled: except?.has(node.group.id) ?? false,
    children: groupOptions(node.children, except),
  }));
}

export function GroupPicker({ value, onChange, except, placeholder, style, ...rest }: GroupPickerProps) {
  const { t } = useTranslation();
  const groups = useGroups();
  return (
    <TreeSelect
      {...rest}
      value={value || undefined}
      onChange={(id: string | undefined) => onChange?.(id)}
      treeData={groupOptions(groupTree(groups.data ?? []), except)}
      treeDefaultExpandAll
      showSearch={{ treeNodeFilterProp: "title" }}
      // A tree that arrives while somebody is searching would stay folded.
      disabled={groups.isPending}
      loading={groups.isPending}
      placeholder={placeholder ?? t("identity.group.placeholder")}
      style={{ width: "100%", ...style }}
    />
  );
}
