import { Form, Input, Switch } from "antd";
import { useTranslation } from "react-i18next";
import type { WebhookEndpoint } from "@/api/types";
import { changedFields } from "@/shared/changes";
import { FormDrawer } from "@/shared/FormDrawer";
import { useNotices } from "@/shared/notices";
import { createEndpoint, updateEndpoint, useWebhooksChanged } from "./api";
import { EventTypesInput } from "./EventTypesInput";

interface EndpointFormProps {
  /** Left out: a new one. */
  endpoint: WebhookEndpoint | undefined;
  open: boolean;
  onClose: () => void;
  onCreated?: (endpoint: WebhookEndpoint, secret: string) => void;
}

type Values = Pick<WebhookEndpoint, "name" | "url" | "description" | "eventTypes" | "enabled">;

const blank: Values = { name: "", url: "", description: "", eventTypes: [], enabled: true };

export function EndpointForm({ endpoint, open, onClose, onCreated }: EndpointFormProps) {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useWebhooksChanged();
  const before: Values = endpoint ? { name: endpoint.name, url: endpoint.url, description: endpoint.description, eventTypes: endpoint.eventTypes, enabled: endpoint.enabled } : blank;
  const required = { required: true, message: t("common.required") };

  const submit = async (values: Values) => {
    if (endpoint) {
      const changes = changedFields<Values>(before, values);
      if (Object.keys(changes).length > 0) await updateEndpoint(endpoint.id, { ...changes, etag: endpoint.etag });
      notices.done(t("common.saved"));
    } else {
      const answer = await createEndpoint(values);
      if (answer.endpoint) onCreated?.(answer.endpoint, answer.secret);
    }
    await changed();
  };
  return (
    <FormDrawer<Values>
      open={open}
      record={endpoint}
      title={endpoint ? t("administration.webhook.edit", { name: endpoint.name }) : t("administration.webhook.create")}
      initialValues={before}
      submitText={endpoint ? undefined : t("common.create")}
      onClose={onClose}
      onSubmit={submit}
      testId="webhook-form"
    >
      <Form.Item name="name" label={t("administration.webhook.name")} rules={[required]}>
        <Input maxLength={64} autoComplete="off" />
      </Form.Item>
      <Form.Item name="url" label={t("administration.webhook.url")} extra={t("administration.webhook.urlHint")} rules={[required, { pattern: /^https?:\/\/\S+$/i, message: t("administration.webhook.urlWrong") }]}>
        <Input maxLength={1000} autoComplete="off" inputMode="url" placeholder="https://" />
      </Form.Item>
      <Form.Item name="eventTypes" label={t("administration.webhook.events")} rules={[required]}>
        <EventTypesInput />
      </Form.Item>
      <Form.Item name="description" label={t("administration.webhook.description")}>
        <Input.TextArea maxLength={500} showCount autoSize={{ minRows: 2, maxRows: 5 }} />
      </Form.Item>
      <Form.Item name="enabled" label={t("administration.webhook.enabled")} valuePropName="checked" extra={endpoint?.enabled ? t("administration.webhook.disableHint") : undefined}>
        <Switch />
      </Form.Item>
    </FormDrawer>
  );
}
