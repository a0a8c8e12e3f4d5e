// A dictionary with parents, such as the regions: children are fetched when their parent is opened.
import { useState, type ReactNode } from "react";
import { useQueries } from "@tanstack/react-query";
import { Button, Card, Col, Descriptions, Flex, Row, Tag, Tree, Typography, type TreeDataNode } from "antd";
import { useTranslation } from "react-i18next";
import type { DictionaryEntry } from "@/api/types";
import { Loaded, Nothing } from "@/shared/states";
import { useEntryActions } from "./actions";
import { listEntries } from "./api";
import { EntryButtons } from "./EntryButtons";
import { EntryForm } from "./EntryForm";
import { useEntryName } from "./entries";

interface EntryTreeProps {
  dictionary: string;
  title: ReactNode;
  manages: boolean;
  onImport: () => void;
}

const top = "-";

export function EntryTree({ dictionary, title, manages, onImport }: EntryTreeProps) {
  const { t } = useTranslation();
  const nameOf = useEntryName();
  const [opened, setOpened] = useState<string[]>([]);
  const [selectedCode, setSelectedCode] = useState<string>();
  const [editing, setEditing] = useState<{ entry?: DictionaryEntry; parentCode: string }>();
  const parents = [top, ...opened];
  const levels = useQueries({
    queries: parents.map((parent) => ({
      queryKey: ["entryChildren", dictionary, parent],
      queryFn: () => listEntries(dictionary, parent),
      staleTime: 60_000,
    })),
  });
  const childrenOf = new Map(parents.map((parent, place) => [parent, levels[place]?.data]));
  const all = levels.flatMap((level) => level.data ?? []);
  const selected = all.find((entry) => entry.code === selectedCode);

  const node = (entry: DictionaryEntry): TreeDataNode => ({
    key: entry.code,
    title: (
      <span style={{ opacity: entry.retired ? 0.5 : 1 }}>
        {nameOf(entry)}{" "}
        <Typography.Text type="secondary" style={{ fontSize: 12 }} className="tabular">
          {entry.code}
        </Typography.Text>
      </span>
    ),
    isLeaf: !entry.hasChildren,
    children: childrenOf.get(entry.code)?.map(node),
  });
  return (
    <Card
      title={title}
      extra={
        manages && (
          <EntryButtons addText={t(selected ? "settings.entry.addBelow" : "settings.entry.add")} onAdd={() => setEditing({ parentCode: selected?.code ?? "" })} onImport={onImport} />
        )
      }
    >
      <Loaded query={levels[0] ?? { data: [], isPending: false, error: undefined, refetch: () => undefined }} small>
        {(roots) =>
          roots.length === 0 ? (
            <Nothing text={t("settings.entry.empty")} />
          ) : (
            <Row gutter={[24, 16]}>
              <Col xs={24} lg={14}>
                <Tree
                  treeData={roots.map(node)}
                  selectedKeys={selectedCode ? [selectedCode] : []}
                  onSelect={(keys) => setSelectedCode(keys[0] === undefined ? undefined : String(keys[0]))}
                  expandedKeys={opened}
                  onExpand={(keys) => setOpened(keys.map(String))}
                  height={560}
                  blockNode
                  data-testid="entry-tree"
                />
              </Col>
              <Col xs={24} lg={10}>
                {selected ? <Selected dictionary={dictionary} entry={selected} manages={manages} onEdit={() => setEditing({ entry: selected, parentCode: selected.parentCode })} /> : <Typography.Text type="secondary">{t("settings.entry.choose")}</Typography.Text>}
              </Col>
            </Row>
          )
        }
      </Loaded>
      <EntryForm dictionary={dictionary} entry={editing?.entry} parentCode={editing?.parentCode} open={editing !== undefined} onClose={() => setEditing(undefined)} />
    </Card>
  );
}

function Selected({ dictionary, entry, manages, onEdit }: { dictionary: string; entry: DictionaryEntry; manages: boolean; onEdit: () => void }) {
  const { t } = useTranslation();
  const actions = useEntryActions(dictionary);
  return (
    <Flex vertical gap={16}>
      <Descriptions
        size="small"
        column={1}
        bordered
        items={[
          { key: "code", label: t("settings.code"), children: <code>{entry.code}</code> },
          { key: "zh", label: t("settings.nameZh"), children: entry.nameZh },
          { key: "en", label: t("settings.nameEn"), children: entry.nameEn || "—" },
          { key: "state", label: t("settings.state"), children: <Tag color={entry.retired ? undefined : "green"}>{t(entry.retired ? "settings.retired" : "settings.inUse")}</Tag> },
        ]}
      />
      {manages && (
        <Flex gap={8} wrap>
          <Button onClick={onEdit}>{t("common.edit")}</Button>
          <Button onClick={() => void actions.setRetired(entry, !entry.retired)}>{t(entry.retired ? "settings.entry.restore" : "settings.entry.retire")}</Button>
          <Button danger onClick={() => actions.remove(entry)}>
            {t("common.delete")}
          </Button>
        </Flex>
      )}
    </Flex>
  );
}
