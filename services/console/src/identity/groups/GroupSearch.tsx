import { useState } from "react";
import { SearchOutlined } from "@ant-design/icons";
import { AutoComplete, Input } from "antd";
import { useTranslation } from "react-i18next";
import { matching, type GroupNode } from "./tree";

/** Finds a group by its name; whoever shows the tree opens the way there. */
export function GroupSearch({ roots, onFind }: { roots: GroupNode[]; onFind: (id: string) => void }) {
  const { t } = useTranslation();
  const [query, setQuery] = useState("");
  return (
    <AutoComplete
      value={query}
      onChange={setQuery}
      onSelect={(id: string) => {
        setQuery("");
        onFind(id);
      }}
      options={matching(roots, query).map(({ group }) => ({ value: group.id, label: group.name }))}
      style={{ width: 240, maxWidth: "100%" }}
    >
      <Input prefix={<SearchOutlined />} placeholder={t("identity.group.find")} aria-label={t("identity.group.find")} allowClear />
    </AutoComplete>
  );
}
