import { Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { WebhookAttempt, WebhookDelivery, WebhookDeliveryState } from "@/api/types";
import { zh } from "@/i18n/zh";

const colors: Record<WebhookDeliveryState, string> = {
  WEBHOOK_DELIVERY_STATE_UNSPECIFIED: "default",
  WEBHOOK_DELIVERY_STATE_PENDING: "blue",
  WEBHOOK_DELIVERY_STATE_DELIVERED: "green",
  WEBHOOK_DELIVERY_STATE_FAILED: "red",
  WEBHOOK_DELIVERY_STATE_SKIPPED: "default",
};

export function DeliveryState({ delivery }: { delivery: WebhookDelivery }) {
  const { t } = useTranslation();
  return (
    <Tag color={colors[delivery.state]} style={{ margin: 0 }}>
      {t(`enums.WebhookDeliveryState.${delivery.state}`)}
    </Tag>
  );
}

type Failure = keyof typeof zh.administration.webhook.failures;

/** What came of one attempt: the status of the answer, or why there was none. */
export function AttemptResult({ attempt }: { attempt: WebhookAttempt | undefined }) {
  const { t } = useTranslation();
  if (!attempt) return <span aria-hidden>—</span>;
  if (attempt.statusCode === 0) {
    const known = attempt.failure in zh.administration.webhook.failures;
    return <Typography.Text type="danger">{known ? t(`administration.webhook.failures.${attempt.failure as Failure}`) : attempt.failure}</Typography.Text>;
  }
  const taken = attempt.statusCode >= 200 && attempt.statusCode < 300;
  return (
    <Typography.Text type={taken ? "success" : "danger"} className="tabular" style={{ whiteSpace: "nowrap" }}>
      {attempt.statusCode}
      <Typography.Text type="secondary"> · {attempt.latencyMillis.toLocaleString()} ms</Typography.Text>
    </Typography.Text>
  );
}
