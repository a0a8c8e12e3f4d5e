// 客户标签: the dictionary of tags by group, and the rules that give some of them.
import { useState } from "react";
import { PlusOutlined } from "@ant-design/icons";
import { Button, Card, Flex, Tag } from "antd";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { DictionaryEntry, TagRule } from "@/api/types";
import { useActs } from "@/shared/acts";
import { PageHeader } from "@/shared/PageHeader";
import { RowActions } from "@/shared/RowActions";
import { LoadingCard, Loaded, Nothing } from "@/shared/states";
import { useEntryActions } from "../dictionaries/actions";
import { useEntryName } from "../dictionaries/entries";
import { EntryForm } from "../dictionaries/EntryForm";
import { RunState } from "../grades/RunState";
import { deleteTagRule, tagDictionary, useTagRules, useTags } from "./api";
import { TagChips } from "./TagChips";
import { TagRuleForm } from "./TagRuleForm";

export function TagsPage() {
  const { t } = useTranslation();
  const nameOf = useEntryName();
  const { index, isPending } = useTags();
  const rules = useTagRules();
  const [editing, setEditing] = useState<{ entry?: DictionaryEntry; parentCode: string }>();
  const [ruling, setRuling] = useState<DictionaryEntry>();
  const top = index.childrenOf.get("") ?? [];
  const groups = top.filter(({ code }) => index.childrenOf.has(code));
  const loose = top.filter(({ code }) => !index.childrenOf.has(code));
  const ruleOf = (entry: DictionaryEntry) => rules.data?.find(({ tag }) => tag === entry.code);
  return (
    <>
      <PageHeader
        title={t("app.menu.tags")}
        subtitle={t("levels.tag.subtitle")}
        actions={
          <Button type="primary" icon={<PlusOutlined />} onClick={() => setEditing({ parentCode: "" })} data-testid="add-tag">
            {t("levels.tag.add")}
          </Button>
        }
      />
      {isPending ? (
        <LoadingCard />
      ) : (
        <Loaded query={rules}>
          {() =>
            top.length === 0 ? (
              <Nothing text={t("levels.tag.empty")} />
            ) : (
              <Flex vertical gap={12}>
                {loose.length > 0 && (
                  <Card title={t("levels.tag.ungrouped")}>
                    <TagRows entries={loose} ruleOf={ruleOf} onEdit={(entry) => setEditing({ entry, parentCode: "" })} onRule={setRuling} onAddBelow={(entry) => setEditing({ parentCode: entry.code })} />
                  </Card>
                )}
                {groups.map((group) => (
                  <Card
                    key={group.code}
                    title={nameOf(group)}
                    extra={
                      <Flex>
                        <Button type="link" size="small" onClick={() => setEditing({ entry: group, parentCode: "" })} title={`${t("common.edit")} ${nameOf(group)}`}>
                          {t("common.edit")}
                        </Button>
                        <Button type="link" size="small" onClick={() => setEditing({ parentCode: group.code })} title={t("levels.tag.addTo", { name: nameOf(group) })}>
                          {t("levels.tag.add")}
                        </Button>
                      </Flex>
                    }
                  >
                    <TagRows entries={index.childrenOf.get(group.code) ?? []} ruleOf={ruleOf} onEdit={(entry) => setEditing({ entry, parentCode: group.code })} onRule={setRuling} />
                  </Card>
                ))}
              </Flex>
            )
          }
        </Loaded>
      )}
      <EntryForm dictionary={tagDictionary} entry={editing?.entry} parentCode={editing?.parentCode} open={editing !== undefined} onClose={() => setEditing(undefined)} />
      <TagRuleForm entry={ruling} rule={ruling && ruleOf(ruling)} onClose={() => setRuling(undefined)} />
    </>
  );
}

interface TagRowsProps {
  entries: DictionaryEntry[];
  ruleOf: (entry: DictionaryEntry) => TagRule | undefined;
  onEdit: (entry: DictionaryEntry) => void;
  onRule: (entry: DictionaryEntry) => void;
  /** Makes a group of a tag that stands alone. */
  onAddBelow?: (entry: DictionaryEntry) => void;
}

function TagRows({ entries, ruleOf, onEdit, onRule, onAddBelow }: TagRowsProps) {
  const { t } = useTranslation();
  const nameOf = useEntryName();
  const queries = useQueryClient();
  const { setRetired, remove } = useEntryActions(tagDictionary);
  const { ask, attempt } = useActs(() => queries.invalidateQueries({ queryKey: ["tagRules"] }));
  const endRule = (rule: TagRule) =>
    ask({ title: t("levels.tag.removeRule"), content: t("levels.tag.ruleRemoved"), okText: t("levels.tag.removeRule"), work: () => attempt(() => deleteTagRule(rule), t("levels.tag.ruleRemoved")) });
  return (
    <Flex vertical gap={8}>
      {entries.map((entry) => {
        const rule = ruleOf(entry);
        return (
          <Flex key={entry.code} gap={8} align="center" wrap data-testid={`tag-${entry.code}`}>
            <TagChips tags={[entry.code]} />
            {entry.retired && <Tag>{t("levels.tag.retired")}</Tag>}
            {rule && (
              <>
                <Tag color="blue">{t("levels.tag.automatic")}</Tag>
                <code>{rule.filter}</code>
                <RunState run={rule.run} />
              </>
            )}
            <span style={{ marginInlineStart: "auto" }}>
              <RowActions
                name={nameOf(entry)}
                actions={[
                  { label: t("levels.tag.rule"), run: () => onRule(entry) },
                  ...(rule ? [{ label: t("levels.tag.removeRule"), run: () => endRule(rule) }] : []),
                  ...(onAddBelow && !rule ? [{ label: t("settings.entry.addBelow"), run: () => onAddBelow(entry) }] : []),
                  { label: t("common.edit"), run: () => onEdit(entry) },
                  { label: t(entry.retired ? "settings.entry.restore" : "settings.entry.retire"), run: () => void setRetired(entry, !entry.retired) },
                  { label: t("common.delete"), danger: true, run: () => remove(entry) },
                ]}
              />
            </span>
          </Flex>
        );
      })}
    </Flex>
  );
}
