import { useState } from "react";
import { useQuery } from "@tanstack/react-query";
import { Button, Descriptions, Drawer, Flex, Timeline, Typography, theme } from "antd";
import { useTranslation } from "react-i18next";
import type { WebhookAttempt, WebhookDelivery, WebhookEndpoint } from "@/api/types";
import { useNotices } from "@/shared/notices";
import { Loaded } from "@/shared/states";
import { Time } from "@/shared/Time";
import { usePhone } from "@/shared/usePhone";
import { getDelivery, redeliver, useWebhooksChanged } from "./api";
import { AttemptResult, DeliveryState } from "./DeliveryState";

interface DeliveryDrawerProps {
  endpoint: WebhookEndpoint;
  delivery: WebhookDelivery | undefined;
  onClose: () => void;
}

/** One message: what is sent and what came of each attempt. Looks again while it is under way. */
export function DeliveryDrawer({ endpoint, delivery, onClose }: DeliveryDrawerProps) {
  const { t } = useTranslation();
  const phone = usePhone();
  return (
    <Drawer open={delivery !== undefined} onClose={onClose} size={phone ? window.innerWidth : 640} title={delivery?.eventType ?? t("administration.webhook.delivery")} destroyOnHidden data-testid="delivery">
      {delivery && <Delivery endpoint={endpoint} id={delivery.id} />}
    </Drawer>
  );
}

function Delivery({ endpoint, id }: { endpoint: WebhookEndpoint; id: string }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useWebhooksChanged();
  const [busy, setBusy] = useState(false);
  const query = useQuery({
    queryKey: ["delivery", id],
    queryFn: () => getDelivery(endpoint.id, id),
    refetchInterval: ({ state }) => (state.data?.state === "WEBHOOK_DELIVERY_STATE_PENDING" ? 2_000 : false),
  });
  const again = async () => {
    setBusy(true);
    try {
      await redeliver(endpoint.id, id);
      notices.done(t("administration.webhook.redelivered"));
    } catch (fault) {
      notices.fault(fault);
    } finally {
      setBusy(false);
      await changed();
    }
  };
  return (
    <Loaded query={query} small>
      {(delivery) => (
        <Flex vertical gap={20}>
          <Descriptions
            size="small"
            column={1}
            items={[
              { key: "state", label: t("administration.webhook.state"), children: <DeliveryState delivery={delivery} /> },
              { key: "webhookId", label: "webhook-id", children: <Typography.Text code copyable>{delivery.webhookId}</Typography.Text> },
              ...(delivery.recordId ? [{ key: "record", label: t("administration.audit.recordId"), children: <Typography.Text code copyable>{delivery.recordId}</Typography.Text> }] : []),
              { key: "time", label: t("administration.webhook.eventTime"), children: <Time value={delivery.eventTime} /> },
              ...(delivery.nextAttemptTime ? [{ key: "next", label: t("administration.webhook.next"), children: <Time value={delivery.nextAttemptTime} as="relative" /> }] : []),
            ]}
          />
          {delivery.state !== "WEBHOOK_DELIVERY_STATE_PENDING" && (
            <div>
              <Button loading={busy} disabled={!endpoint.enabled} onClick={() => void again()} data-testid="redeliver">
                {t("administration.webhook.redeliver")}
              </Button>
            </div>
          )}
          <div>
            <Typography.Title level={5}>{t("administration.webhook.attempts")}</Typography.Title>
            {delivery.attempts.length === 0 ? (
              <Typography.Text type="secondary">{t("administration.webhook.noAttempts")}</Typography.Text>
            ) : (
              <Timeline items={delivery.attempts.map((attempt, place) => ({ key: place, color: attempt.statusCode >= 200 && attempt.statusCode < 300 ? "green" : "red", content: <Attempt attempt={attempt} /> }))} />
            )}
          </div>
          <div>
            <Typography.Title level={5}>{t("administration.webhook.body")}</Typography.Title>
            <Code text={pretty(delivery.body)} />
          </div>
        </Flex>
      )}
    </Loaded>
  );
}

function Attempt({ attempt }: { attempt: WebhookAttempt }) {
  return (
    <Flex vertical gap={4}>
      <Flex gap={12} wrap>
        <Time value={attempt.time} />
        <AttemptResult attempt={attempt} />
      </Flex>
      {attempt.answer && <Code text={attempt.answer} />}
    </Flex>
  );
}

function Code({ text }: { text: string }) {
  const { token } = theme.useToken();
  return (
    <pre
      // Long bodies scroll inside, also by keyboard.
      tabIndex={0}
      style={{ margin: 0, padding: 12, maxHeight: 360, overflow: "auto", whiteSpace: "pre-wrap", fontSize: 12, borderRadius: token.borderRadius, background: token.colorFillQuaternary }}
    >
      {text}
    </pre>
  );
}

function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
