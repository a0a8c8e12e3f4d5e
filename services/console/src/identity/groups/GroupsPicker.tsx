import { TreeSelect } from "antd";
import { useTranslation } from "react-i18next";
import { useGroups } from "../api";
import { groupOptions } from "./GroupPicker";
import { groupTree } from "./tree";

interface GroupsPickerProps {
  value: string[];
  onChange: (ids: string[]) => void;
  disabled?: boolean;
  status?: "error";
  "aria-label"?: string;
}

/** Chooses several groups; each stands for what lies below it too, so children are chosen by themselves. */
export function GroupsPicker({ value, onChange, disabled, ...rest }: GroupsPickerProps) {
  const { t } = useTranslation();
  const groups = useGroups();
  return (
    <TreeSelect<string[]>
      {...rest}
      multiple
      value={value}
      onChange={onChange}
      treeData={groupOptions(groupTree(groups.data ?? []))}
      treeDefaultExpandAll
      allowClear
      maxCount={200}
      showSearch={{ treeNodeFilterProp: "title" }}
      // A tree that arrives while somebody is searching would stay folded.
      disabled={disabled || groups.isPending}
      loading={groups.isPending}
      placeholder={t("identity.group.placeholder")}
      style={{ width: "100%" }}
    />
  );
}
