import { RobotOutlined, SettingOutlined } from "@ant-design/icons";
import { Card, Collapse, Flex, Table, Tag, Tooltip, Typography, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { PersonAvatar } from "@/shared/PersonAvatar";
import { Time } from "@/shared/Time";
import { EntryDetails } from "./EntryDetails";
import type { TrailEntry } from "./merge";
import { deletedRecords, kindName, recordPath, verbName } from "./texts";

export function AuditTable({ entries, withService }: { entries: TrailEntry[]; withService: boolean }) {
  const { t } = useTranslation();
  const deleted = deletedRecords(entries);
  const columns: TableColumnsType<TrailEntry> = [
    { title: t("common.time"), key: "time", width: 150, render: (_, entry) => <Time value={entry.time} /> },
    { title: t("administration.audit.actor"), key: "actor", width: 170, render: (_, entry) => <Actor entry={entry} /> },
    {
      title: t("administration.audit.action"),
      key: "action",
      render: (_, entry) => (
        <Flex gap={6} align="center" wrap>
          <Tooltip title={<code>{entry.action}</code>}>
            <span>{verbName(t, entry.action)}</span>
          </Tooltip>
          {entry.changes.length > 0 && <Typography.Text type="secondary">{t("administration.audit.changes", { count: entry.changes.length })}</Typography.Text>}
        </Flex>
      ),
    },
    { title: t("administration.audit.record"), key: "record", render: (_, entry) => <RecordOf entry={entry} deleted={deleted} /> },
    ...(withService
      ? [{ title: t("administration.audit.service"), key: "service", width: 130, responsive: ["lg" as const], render: (_: unknown, entry: TrailEntry) => <Tag style={{ margin: 0 }}>{t(`identity.services.${entry.service}`)}</Tag> }]
      : []),
    { title: t("administration.audit.address"), dataIndex: "address", width: 150, className: "tabular", responsive: ["lg"] },
  ];
  return (
    <Table<TrailEntry>
      rowKey="id"
      size="middle"
      columns={columns}
      dataSource={entries}
      pagination={false}
      expandable={{ expandedRowRender: (entry) => <EntryDetails entry={entry} />, expandRowByClick: true }}
      data-testid="audit"
    />
  );
}

export function AuditCards({ entries }: { entries: TrailEntry[] }) {
  const { t } = useTranslation();
  const deleted = deletedRecords(entries);
  return (
    <Flex vertical gap={8} data-testid="audit">
      {entries.map((entry) => (
        <Card key={entry.id} size="small">
          <Flex justify="space-between" gap={8} wrap>
            <Actor entry={entry} />
            <Typography.Text type="secondary">
              <Time value={entry.time} />
            </Typography.Text>
          </Flex>
          <Flex justify="space-between" gap={8} wrap style={{ marginTop: 6 }}>
            <strong>{verbName(t, entry.action)}</strong>
            <RecordOf entry={entry} deleted={deleted} />
          </Flex>
          <Collapse ghost size="small" items={[{ key: "details", label: t("administration.audit.details"), children: <EntryDetails entry={entry} /> }]} />
        </Card>
      ))}
    </Flex>
  );
}

function Actor({ entry }: { entry: TrailEntry }) {
  const { t } = useTranslation();
  if (entry.actorKind === "ACTOR_KIND_EMPLOYEE" && entry.actorName) {
    return (
      <Flex gap={8} align="center">
        <PersonAvatar name={entry.actorName} size={24} />
        {entry.actorName}
      </Flex>
    );
  }
  const machine = entry.actorKind === "ACTOR_KIND_SERVICE_ACCOUNT";
  return (
    <Flex gap={8} align="center">
      {machine ? <RobotOutlined /> : <SettingOutlined />}
      <span>{entry.actorName || t(`enums.ActorKind.${entry.actorKind}`)}</span>
      {machine && <Tag style={{ margin: 0 }}>{t("enums.ActorKind.ACTOR_KIND_SERVICE_ACCOUNT")}</Tag>}
    </Flex>
  );
}

function RecordOf({ entry, deleted }: { entry: TrailEntry; deleted: ReadonlySet<string> }) {
  const { t } = useTranslation();
  const kind = kindName(t, entry.recordKind);
  const path = recordPath(entry, deleted);
  const short = entry.recordId.slice(-6);
  return (
    <Flex gap={6} align="center">
      {path ? (
        <Link to={path} onClick={(event) => event.stopPropagation()}>
          {kind}
        </Link>
      ) : (
        <span>{kind}</span>
      )}
      {short && (
        <Tooltip title={entry.recordId}>
          <Typography.Text type="secondary" className="tabular" style={{ fontSize: 12 }}>
            …{short}
          </Typography.Text>
        </Tooltip>
      )}
    </Flex>
  );
}
