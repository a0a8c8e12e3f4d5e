import { Alert, Button, Card, Descriptions, Flex, Progress, Table, Tag, Tooltip, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { ServiceStatus } from "@/api/types";
import { Time } from "@/shared/Time";
import type { Service } from "../services";
import { healthOf, sizeText, troublesOf, type Health } from "./health";

interface ServiceCardProps {
  service: Service;
  status: ServiceStatus;
  /** When the figures came. */
  readAt: number;
  /** The latest call failed; these are the figures before. */
  stale: boolean;
  onDead: () => void;
}

const colors: Record<Health, string> = { sound: "green", strained: "orange", broken: "red" };

export function ServiceCard({ service, status, readAt, stale, onDead }: ServiceCardProps) {
  const { t } = useTranslation();
  const troubles = troublesOf(status, readAt);
  const health = healthOf(troubles);
  const { database, jobs, auditChain: chain } = status;
  const number = (value: string | number | undefined) => Number(value ?? 0).toLocaleString();
  const dead = Number(jobs?.deadCount ?? 0) + status.consumers.reduce((sum, consumer) => sum + Number(consumer.deadLetterCount), 0);
  const waiting = (queue: ServiceStatus["outbox"]) => (
    <>
      {number(queue?.pendingCount)}
      {queue?.pendingSince && (
        <Typography.Text type="secondary">
          {" "}
          · {t("administration.status.since")} <Time value={queue.pendingSince} as="relative" />
        </Typography.Text>
      )}
    </>
  );
  return (
    <Card
      title={t(`identity.services.${service}`)}
      data-testid={`status-${service}`}
      style={{ height: "100%" }}
      extra={stale ? <Tag color="red">{t("administration.status.health.silent")}</Tag> : <Tag color={colors[health]}>{t(`administration.status.health.${health}`)}</Tag>}
    >
      <Flex vertical gap={16}>
        {troubles.length > 0 && (
          <Alert
            type={health === "broken" ? "error" : "warning"}
            showIcon
            title={
              <Flex vertical gap={4}>
                {troubles.map((trouble) => (
                  <span key={trouble}>{t(`administration.status.troubles.${trouble}`)}</span>
                ))}
              </Flex>
            }
            action={
              dead > 0 && (
                <Button size="small" onClick={onDead} data-testid={`dead-${service}`}>
                  {t("administration.status.showDead")}
                </Button>
              )
            }
          />
        )}
        <Descriptions
          size="small"
          column={{ xs: 1, sm: 2 }}
          items={[
            { key: "version", label: t("administration.status.version"), children: status.version },
            { key: "start", label: t("administration.status.started"), children: <Time value={status.startTime} as="relative" /> },
            { key: "database", label: t("administration.status.database"), children: <span title={database?.version}>{sizeText(Number(database?.serviceBytes ?? 0))}</span> },
            { key: "latency", label: t("administration.status.latency"), children: `${(Number(database?.latencyMicros ?? 0) / 1000).toFixed(1)} ms` },
            {
              key: "connections",
              label: t("administration.status.connections"),
              styles: { content: { alignSelf: "center" } },
              children: (
                <Progress
                  size="small"
                  percent={Math.round(((database?.connections ?? 0) / Math.max(database?.maxConnections ?? 1, 1)) * 100)}
                  format={() => `${database?.connections ?? 0} / ${database?.maxConnections ?? 0}`}
                  status={troubles.includes("connectionsScarce") ? "exception" : "normal"}
                  style={{ width: 160, margin: 0, verticalAlign: "middle" }}
                />
              ),
            },
            { key: "migrations", label: t("administration.status.migrations"), children: <Migrations status={status} /> },
            {
              key: "stream",
              label: t("administration.status.stream"),
              children: <Tag color={status.eventStreamConnected ? "green" : "red"}>{t(status.eventStreamConnected ? "administration.status.connected" : "administration.status.disconnected")}</Tag>,
            },
            { key: "outbox", label: t("administration.status.outbox"), children: waiting(status.outbox) },
            { key: "jobs", label: t("administration.status.jobs"), children: t("administration.status.jobCounts", { pending: number(jobs?.pendingCount), running: number(jobs?.runningCount) }) },
            { key: "unchained", label: t("administration.status.unchained"), children: waiting(chain?.unchained) },
            {
              key: "chain",
              label: t("administration.status.chain"),
              span: "filled",
              children: (
                <Tooltip title={<code>{chain?.digest}</code>}>
                  <span className="tabular">{t("administration.status.chainLength", { count: Number(chain?.sequence ?? 0) - Number(chain?.startSequence ?? 0) })}</span>
                </Tooltip>
              ),
            },
          ]}
        />
        {status.consumers.length > 0 && (
          <Table<ServiceStatus["consumers"][number]>
            rowKey="name"
            size="small"
            pagination={false}
            dataSource={status.consumers}
            columns={[
              { title: t("administration.status.consumer"), dataIndex: "name", render: (name: string) => <code>{name}</code> },
              {
                title: t("administration.status.lag"),
                align: "end",
                className: "tabular",
                render: (_, consumer) => (Number(consumer.pendingCount) < 0 ? t("administration.status.unknown") : number(consumer.pendingCount)),
              },
              {
                title: t("administration.status.deadLetters"),
                align: "end",
                className: "tabular",
                render: (_, consumer) => <Typography.Text type={Number(consumer.deadLetterCount) > 0 ? "danger" : undefined}>{number(consumer.deadLetterCount)}</Typography.Text>,
              },
            ]}
          />
        )}
      </Flex>
    </Card>
  );
}

function Migrations({ status }: { status: ServiceStatus }) {
  const { t } = useTranslation();
  const migrations = status.database?.migrations ?? [];
  const last = migrations.at(-1);
  if (!last) return <span aria-hidden>—</span>;
  return (
    <Tooltip
      title={migrations.map((migration) => (
        <div key={migration.version}>
          {migration.version} {migration.description}
        </div>
      ))}
    >
      <span>{t("administration.status.migrationCount", { count: migrations.length })}</span>
    </Tooltip>
  );
}
