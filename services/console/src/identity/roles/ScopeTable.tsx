import { Flex, Radio, Select, Table, Tooltip, Typography, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import type { Grant, PermissionEntry } from "@/api/types";
import { GroupsPicker } from "../groups/GroupsPicker";
import { Operations } from "./RoleMatrix";
import { allScopes, groupsOf, scopeOf, type ScopeChoice } from "./scopes";

interface ScopeTableProps {
  title: string;
  entries: PermissionEntry[];
  grants: readonly Grant[];
  onChoose: (entry: PermissionEntry, choice: ScopeChoice, groupIds?: string[]) => void;
  editable: boolean;
  phone: boolean;
}

const choices: ScopeChoice[] = ["none", ...allScopes];

/** The permissions of one service, each with the records that it covers. */
export function ScopeTable({ title, entries, grants, onChoose, editable, phone }: ScopeTableProps) {
  const { t } = useTranslation();
  const label = (item: ScopeChoice) => (item === "none" ? t("common.none") : t(`enums.Scope.${item}`));
  const name = (entry: PermissionEntry) => t(`enums.Permission.${entry.permission}`);
  const offered = choices.filter((item) => item === "none" || entries.some((entry) => entry.scopes.includes(item)));
  const offers = (entry: PermissionEntry, item: ScopeChoice) => item === "none" || entry.scopes.includes(item);
  const choice = (entry: PermissionEntry) => scopeOf(grants, entry.permission);
  const columns: TableColumnsType<PermissionEntry> = [
    {
      title,
      key: "name",
      render: (_, entry) => (
        <Tooltip title={<Operations entry={entry} />} placement="topLeft">
          <span>{name(entry)}</span>
        </Tooltip>
      ),
    },
    ...(phone
      ? [
          {
            key: "scope",
            width: 150,
            render: (_: unknown, entry: PermissionEntry) => (
              <Select<ScopeChoice>
                aria-label={name(entry)}
                value={choice(entry)}
                disabled={!editable}
                onChange={(item) => onChoose(entry, item)}
                options={offered.filter((item) => offers(entry, item)).map((item) => ({ value: item, label: label(item) }))}
                style={{ width: "100%" }}
              />
            ),
          },
        ]
      : offered.map((item) => ({
          key: item,
          title: label(item),
          align: "center" as const,
          width: 100,
          render: (_: unknown, entry: PermissionEntry) =>
            offers(entry, item) && (
              <Radio
                name={entry.permission}
                checked={choice(entry) === item}
                disabled={!editable}
                onChange={() => onChoose(entry, item)}
                aria-label={`${name(entry)}: ${label(item)}`}
              />
            ),
        }))),
  ];
  const picking = entries.filter((entry) => choice(entry) === "SCOPE_CHOSEN_GROUPS").map((entry) => entry.permission);
  return (
    <Table<PermissionEntry>
      rowKey="permission"
      size="small"
      bordered
      columns={columns}
      dataSource={entries}
      pagination={false}
      expandable={{
        showExpandColumn: false,
        expandedRowKeys: picking,
        expandedRowRender: (entry) => (
          <ChosenGroups entry={entry} grants={grants} editable={editable} onChange={(ids) => onChoose(entry, "SCOPE_CHOSEN_GROUPS", ids)} />
        ),
      }}
    />
  );
}

interface ChosenGroupsProps {
  entry: PermissionEntry;
  grants: readonly Grant[];
  editable: boolean;
  onChange: (ids: string[]) => void;
}

function ChosenGroups({ entry, grants, editable, onChange }: ChosenGroupsProps) {
  const { t } = useTranslation();
  const chosen = groupsOf(grants, entry.permission);
  return (
    <Flex vertical gap={4} style={{ padding: "4px 8px" }}>
      <GroupsPicker
        aria-label={t("identity.role.groupsOf", { permission: t(`enums.Permission.${entry.permission}`) })}
        value={chosen}
        onChange={onChange}
        disabled={!editable}
        status={chosen.length === 0 ? "error" : undefined}
      />
      <Typography.Text type={chosen.length === 0 ? "danger" : "secondary"} style={{ fontSize: 12 }}>
        {t(chosen.length === 0 ? "identity.role.groupsMissing" : "identity.role.groupsHint")}
      </Typography.Text>
    </Flex>
  );
}
