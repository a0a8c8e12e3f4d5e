import { useState } from "react";
import { ReloadOutlined } from "@ant-design/icons";
import { Button, Card, DatePicker, Flex, Select, Table, Tag, Typography, type TableColumnsType } from "antd";
import type { Dayjs } from "dayjs";
import { useTranslation } from "react-i18next";
import { usePages } from "@/api/pages";
import type { WebhookDelivery, WebhookEndpoint } from "@/api/types";
import { LoadMore } from "@/shared/LoadMore";
import { Loaded, Nothing } from "@/shared/states";
import { Time } from "@/shared/Time";
import { usePhone } from "@/shared/usePhone";
import { listDeliveries, type DeliveryQuery } from "./api";
import { AttemptResult, DeliveryState } from "./DeliveryState";

const states = ["PENDING", "DELIVERED", "FAILED", "SKIPPED"] as const;

export function DeliveriesCard({ endpoint, onOpen }: { endpoint: WebhookEndpoint; onOpen: (delivery: WebhookDelivery) => void }) {
  const { t } = useTranslation();
  const phone = usePhone();
  const [state, setState] = useState<DeliveryQuery["state"]>();
  const [days, setDays] = useState<[Dayjs | null, Dayjs | null] | null>(null);
  const query: DeliveryQuery = { state, startTime: days?.[0]?.startOf("day").toISOString(), endTime: days?.[1]?.add(1, "day").startOf("day").toISOString() };
  const deliveries = usePages(["deliveries", endpoint.id, query], (pageToken) => listDeliveries(endpoint.id, query, pageToken));
  const columns: TableColumnsType<WebhookDelivery> = [
    { title: t("administration.webhook.eventTime"), key: "time", render: (_, delivery) => <Time value={delivery.eventTime} /> },
    {
      title: t("administration.webhook.event"),
      key: "event",
      render: (_, delivery) => (
        <Typography.Link onClick={() => onOpen(delivery)} role="button" tabIndex={0} onKeyDown={(event) => event.key === "Enter" && onOpen(delivery)}>
          <code>{delivery.eventType}</code>
        </Typography.Link>
      ),
    },
    { title: t("administration.webhook.state"), key: "state", render: (_, delivery) => <DeliveryState delivery={delivery} /> },
    { title: t("administration.webhook.attempts"), dataIndex: "attemptCount", align: "end", className: "tabular" },
    { title: t("administration.webhook.lastAnswer"), key: "answer", render: (_, delivery) => <AttemptResult attempt={delivery.attempts.at(-1)} /> },
    { title: t("administration.webhook.next"), key: "next", responsive: ["lg"], render: (_, delivery) => <Time value={delivery.nextAttemptTime} as="relative" /> },
  ];
  return (
    <Card title={t("administration.webhook.deliveries")} extra={<Typography.Text type="secondary">{t("administration.webhook.keptFor")}</Typography.Text>}>
      <Flex gap={8} wrap style={{ marginBottom: 16 }}>
        <Select
          aria-label={t("administration.webhook.state")}
          allowClear
          value={state}
          onChange={setState}
          placeholder={t("administration.webhook.anyState")}
          options={states.map((name) => ({ value: `WEBHOOK_DELIVERY_STATE_${name}` as const, label: t(`enums.WebhookDeliveryState.WEBHOOK_DELIVERY_STATE_${name}`) }))}
          style={{ width: phone ? "100%" : 160 }}
        />
        <DatePicker.RangePicker value={days} onChange={setDays} allowEmpty={[true, true]} aria-label={t("administration.webhook.eventTime")} style={{ width: phone ? "100%" : 260 }} />
        <Button icon={<ReloadOutlined />} loading={deliveries.isFetching && !deliveries.isFetchingNextPage} onClick={() => void deliveries.refetch()}>
          {t("common.refresh")}
        </Button>
      </Flex>
      <Loaded query={deliveries} small>
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.deliveries);
          if (rows.length === 0) return <Nothing text={t("administration.webhook.noDeliveries")} />;
          if (!phone) return <Table<WebhookDelivery> rowKey="id" size="middle" columns={columns} dataSource={rows} pagination={false} data-testid="deliveries" />;
          return (
            <Flex vertical gap={8} data-testid="deliveries">
              {rows.map((delivery) => (
                <Card key={delivery.id} size="small" hoverable onClick={() => onOpen(delivery)}>
                  <Flex justify="space-between" gap={8} wrap>
                    <code>{delivery.eventType}</code>
                    <DeliveryState delivery={delivery} />
                  </Flex>
                  <Flex gap={8} wrap align="center">
                    <Typography.Text type="secondary">
                      <Time value={delivery.eventTime} />
                    </Typography.Text>
                    <AttemptResult attempt={delivery.attempts.at(-1)} />
                    <Tag style={{ margin: 0 }}>×{delivery.attemptCount}</Tag>
                  </Flex>
                </Card>
              ))}
            </Flex>
          );
        }}
      </Loaded>
      <LoadMore query={deliveries} />
    </Card>
  );
}
