import { Tag, Tooltip } from "antd";
import dayjs from "dayjs";
import { useTranslation } from "react-i18next";
import type { WebhookEndpoint } from "@/api/types";
import { useEventName } from "./EventTypesInput";

export function EndpointState({ endpoint }: { endpoint: WebhookEndpoint }) {
  const { t } = useTranslation();
  const automatic = endpoint.disableReason !== "WEBHOOK_DISABLE_REASON_UNSPECIFIED";
  if (!endpoint.enabled) {
    return (
      <Tooltip title={automatic ? t(`enums.WebhookDisableReason.${endpoint.disableReason}`) : undefined}>
        <Tag color={automatic ? "red" : undefined} style={{ margin: 0 }}>
          {t(automatic ? "administration.webhook.disabledAutomatically" : "administration.webhook.disabled")}
        </Tag>
      </Tooltip>
    );
  }
  if (endpoint.failingSince) {
    return (
      <Tag color="orange" style={{ margin: 0 }}>
        {t("administration.webhook.failing", { time: dayjs(endpoint.failingSince).fromNow(true) })}
      </Tag>
    );
  }
  return (
    <Tag color="green" style={{ margin: 0 }}>
      {t("administration.webhook.active")}
    </Tag>
  );
}

export function EventTags({ types, most = 3 }: { types: string[]; most?: number }) {
  const nameOf = useEventName();
  const rest = types.slice(most);
  return (
    <span style={{ display: "inline-flex", flexWrap: "wrap", gap: 4 }}>
      {types.slice(0, most).map((type) => (
        <Tag key={type} style={{ margin: 0 }}>
          {nameOf(type)}
        </Tag>
      ))}
      {rest.length > 0 && (
        <Tooltip title={rest.map(nameOf).join(", ")}>
          <Tag style={{ margin: 0 }}>+{rest.length}</Tag>
        </Tooltip>
      )}
    </span>
  );
}
