import { useState, type ReactNode } from "react";
import { useQuery } from "@tanstack/react-query";
import { Card, Table, Tag, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import type { DictionaryEntry } from "@/api/types";
import { RowActions } from "@/shared/RowActions";
import { Loaded, Nothing } from "@/shared/states";
import { useEntryActions } from "./actions";
import { listEntries } from "./api";
import { EntryButtons } from "./EntryButtons";
import { EntryForm } from "./EntryForm";

interface EntryListProps {
  dictionary: string;
  title: ReactNode;
  manages: boolean;
  onImport: () => void;
}

const step = 10;

export function EntryList({ dictionary, title, manages, onImport }: EntryListProps) {
  const { t } = useTranslation();
  const entries = useQuery({ queryKey: ["entryChildren", dictionary, ""], queryFn: () => listEntries(dictionary) });
  const [editing, setEditing] = useState<DictionaryEntry | "new">();
  const actions = useEntryActions(dictionary);
  const nextPosition = Math.max(0, ...(entries.data ?? []).map((entry) => entry.position)) + step;

  const columns: TableColumnsType<DictionaryEntry> = [
    {
      title: t("settings.nameZh"),
      key: "nameZh",
      render: (_, entry) => (
        <Tag color={entry.color || undefined} style={{ margin: 0, opacity: entry.retired ? 0.5 : 1 }}>
          {entry.nameZh}
        </Tag>
      ),
    },
    { title: t("settings.nameEn"), dataIndex: "nameEn", responsive: ["md"] },
    { title: t("settings.code"), dataIndex: "code", render: (code: string) => <code>{code}</code> },
    { title: t("settings.position"), dataIndex: "position", align: "end", className: "tabular", responsive: ["md"] },
    { title: t("settings.state"), key: "state", responsive: ["md"], render: (_, entry) => (entry.retired ? <Tag>{t("settings.retired")}</Tag> : <Tag color="green">{t("settings.inUse")}</Tag>) },
    ...(manages
      ? [
          {
            key: "actions",
            align: "end" as const,
            render: (_: unknown, entry: DictionaryEntry) => (
              <RowActions
                name={entry.nameZh}
                actions={[
                  { label: t("common.edit"), run: () => setEditing(entry) },
                  { label: t(entry.retired ? "settings.entry.restore" : "settings.entry.retire"), run: () => void actions.setRetired(entry, !entry.retired) },
                  { label: t("common.delete"), danger: true, run: () => actions.remove(entry) },
                ]}
              />
            ),
          },
        ]
      : []),
  ];
  return (
    <Card
      title={title}
      extra={manages && <EntryButtons addText={t("settings.entry.add")} onAdd={() => setEditing("new")} onImport={onImport} />}
    >
      <Loaded query={entries} small>
        {(list) =>
          list.length === 0 ? <Nothing text={t("settings.entry.empty")} /> : <Table<DictionaryEntry> rowKey="code" size="small" columns={columns} dataSource={list} pagination={false} data-testid="entries" />
        }
      </Loaded>
      <EntryForm dictionary={dictionary} entry={editing === "new" ? undefined : editing} nextPosition={nextPosition} open={editing !== undefined} onClose={() => setEditing(undefined)} />
    </Card>
  );
}
