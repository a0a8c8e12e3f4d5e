import { useState } from "react";
import { PlusOutlined } from "@ant-design/icons";
import { Button, Card, Flex, Table, Typography, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import type { WebhookEndpoint } from "@/api/types";
import { PageHeader } from "@/shared/PageHeader";
import { ShownOnce } from "@/shared/ShownOnce";
import { Loaded, Nothing } from "@/shared/states";
import { Time } from "@/shared/Time";
import { usePhone } from "@/shared/usePhone";
import { useEndpoints } from "./api";
import { EndpointForm } from "./EndpointForm";
import { EndpointState, EventTags } from "./EndpointState";

export function WebhooksPage() {
  const { t } = useTranslation();
  const phone = usePhone();
  const navigate = useNavigate();
  const endpoints = useEndpoints();
  const [creating, setCreating] = useState(false);
  const [created, setCreated] = useState<{ endpoint: WebhookEndpoint; secret: string }>();
  return (
    <>
      <PageHeader
        title={t("app.menu.webhooks")}
        subtitle={t("administration.webhook.subtitle")}
        actions={
          <Button type="primary" icon={<PlusOutlined />} onClick={() => setCreating(true)} data-testid="create-webhook">
            {t("administration.webhook.create")}
          </Button>
        }
      />
      <Card styles={{ body: { padding: phone ? 12 : 16 } }}>
        <Loaded query={endpoints} small>
          {(rows) => (rows.length === 0 ? <Nothing text={t("administration.webhook.empty")} /> : phone ? <EndpointCards rows={rows} /> : <EndpointTable rows={rows} />)}
        </Loaded>
      </Card>
      <EndpointForm endpoint={undefined} open={creating} onClose={() => setCreating(false)} onCreated={(endpoint, secret) => setCreated({ endpoint, secret })} />
      <ShownOnce
        title={t("administration.webhook.secretTitle")}
        hint={t("administration.webhook.secretOnce")}
        items={
          created && [
            { label: t("administration.webhook.name"), value: created.endpoint.name },
            { label: t("administration.webhook.secret"), value: created.secret, secret: true, testId: "webhook-secret" },
          ]
        }
        onClose={() => {
          setCreated(undefined);
          if (created) void navigate(`/webhooks/${created.endpoint.id}`);
        }}
      />
    </>
  );
}

function EndpointTable({ rows }: { rows: WebhookEndpoint[] }) {
  const { t } = useTranslation();
  const columns: TableColumnsType<WebhookEndpoint> = [
    { title: t("administration.webhook.name"), key: "name", render: (_, endpoint) => <Link to={`/webhooks/${endpoint.id}`}>{endpoint.name}</Link> },
    {
      title: t("administration.webhook.url"),
      key: "url",
      render: (_, endpoint) => (
        <Typography.Text ellipsis={{ tooltip: endpoint.url }} style={{ maxWidth: 320 }}>
          {endpoint.url}
        </Typography.Text>
      ),
    },
    { title: t("administration.webhook.events"), key: "events", render: (_, endpoint) => <EventTags types={endpoint.eventTypes} /> },
    { title: t("administration.webhook.state"), key: "state", render: (_, endpoint) => <EndpointState endpoint={endpoint} /> },
    { title: t("administration.webhook.updated"), key: "time", align: "end", responsive: ["lg"], render: (_, endpoint) => <Time value={endpoint.updateTime ?? endpoint.createTime} as="relative" /> },
  ];
  return <Table<WebhookEndpoint> rowKey="id" size="middle" columns={columns} dataSource={rows} pagination={false} data-testid="webhooks" />;
}

function EndpointCards({ rows }: { rows: WebhookEndpoint[] }) {
  return (
    <Flex vertical gap={8} data-testid="webhooks">
      {rows.map((endpoint) => (
        <Card key={endpoint.id} size="small">
          <Flex vertical gap={6}>
            <Flex justify="space-between" gap={8}>
              <Link to={`/webhooks/${endpoint.id}`}>{endpoint.name}</Link>
              <EndpointState endpoint={endpoint} />
            </Flex>
            <Typography.Text type="secondary">{endpoint.url}</Typography.Text>
            <EventTags types={endpoint.eventTypes} />
          </Flex>
        </Card>
      ))}
    </Flex>
  );
}
