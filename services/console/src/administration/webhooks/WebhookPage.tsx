import { useState } from "react";
import { EllipsisOutlined, SendOutlined } from "@ant-design/icons";
import { Alert, App, Button, Card, Descriptions, Dropdown, Flex, Typography } from "antd";
import dayjs from "dayjs";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import type { WebhookDelivery, WebhookEndpoint } from "@/api/types";
import { useNotices } from "@/shared/notices";
import { PageHeader } from "@/shared/PageHeader";
import { ShownOnce } from "@/shared/ShownOnce";
import { Loaded } from "@/shared/states";
import { Time } from "@/shared/Time";
import { deleteEndpoint, rotateSecret, sendTest, updateEndpoint, useEndpoint, useWebhooksChanged } from "./api";
import { DeliveriesCard } from "./DeliveriesCard";
import { DeliveryDrawer } from "./DeliveryDrawer";
import { EndpointForm } from "./EndpointForm";
import { EndpointState, EventTags } from "./EndpointState";
import { ReplayDialog } from "./ReplayDialog";

export function WebhookPage() {
  const { id = "" } = useParams();
  const endpoint = useEndpoint(id);
  return <Loaded query={endpoint}>{(data) => <Endpoint key={data.id} endpoint={data} />}</Loaded>;
}

function Endpoint({ endpoint }: { endpoint: WebhookEndpoint }) {
  const { t } = useTranslation();
  const { modal } = App.useApp();
  const navigate = useNavigate();
  const notices = useNotices();
  const changed = useWebhooksChanged();
  const [dialog, setDialog] = useState<"edit" | "replay">();
  const [delivery, setDelivery] = useState<WebhookDelivery>();
  const [secret, setSecret] = useState<string>();
  const [testing, setTesting] = useState(false);

  const attempt = async (work: () => Promise<unknown>, text?: string) => {
    try {
      await work();
      if (text) notices.done(text);
    } catch (fault) {
      notices.fault(fault);
    } finally {
      await changed();
    }
  };
  const closeDelivery = () => {
    setDelivery(undefined);
    // It may have got on while it was looked at.
    void changed();
  };
  const test = async () => {
    setTesting(true);
    // The answer is what one wants to see, so its drawer opens at once.
    await attempt(async () => setDelivery(await sendTest(endpoint.id)));
    setTesting(false);
  };
  const setEnabled = (enabled: boolean) =>
    attempt(() => updateEndpoint(endpoint.id, { enabled, etag: endpoint.etag }), t(enabled ? "administration.webhook.enabledDone" : "administration.webhook.disabledDone"));
  const ask = (title: string, content: string, okText: string, onOk: () => Promise<unknown>, danger = true) =>
    modal.confirm({ title, content, okText, okButtonProps: { danger }, cancelText: t("common.cancel"), onOk });

  const items = [
    { key: "edit", label: t("common.edit"), onClick: () => setDialog("edit") },
    {
      key: "rotate",
      label: t("administration.webhook.rotate"),
      onClick: () =>
        void ask(
          t("administration.webhook.rotateTitle"),
          t("administration.webhook.rotateText"),
          t("administration.webhook.rotate"),
          () => attempt(async () => setSecret((await rotateSecret(endpoint.id)).secret)),
          false,
        ),
    },
    { key: "replay", label: t("administration.webhook.replay"), disabled: !endpoint.enabled, onClick: () => setDialog("replay") },
    endpoint.enabled
      ? {
          key: "disable",
          label: t("administration.webhook.disable"),
          onClick: () =>
            void ask(t("administration.webhook.disableTitle", { name: endpoint.name }), t("administration.webhook.disableHint"), t("administration.webhook.disable"), () => setEnabled(false)),
        }
      : { key: "enable", label: t("administration.webhook.enable"), onClick: () => void setEnabled(true) },
    { type: "divider" as const },
    {
      key: "delete",
      label: t("common.delete"),
      danger: true,
      onClick: () =>
        void ask(t("administration.webhook.deleteTitle", { name: endpoint.name }), t("administration.webhook.deleteText"), t("common.delete"), async () => {
          try {
            await deleteEndpoint(endpoint.id, endpoint.etag);
            notices.done(t("common.deleted"));
            await navigate("/webhooks");
          } catch (fault) {
            notices.fault(fault);
          }
          await changed();
        }),
    },
  ];
  return (
    <>
      <PageHeader
        title={endpoint.name}
        parents={[{ title: t("app.menu.webhooks"), path: "/webhooks" }]}
        tags={<EndpointState endpoint={endpoint} />}
        subtitle={endpoint.description}
        actions={
          <>
            <Button icon={<SendOutlined />} loading={testing} disabled={!endpoint.enabled} onClick={() => void test()} data-testid="send-test">
              {t("administration.webhook.sendTest")}
            </Button>
            <Dropdown trigger={["click"]} menu={{ items }} placement="bottomRight">
              <Button icon={<EllipsisOutlined />} aria-label={t("common.more")} data-testid="webhook-menu" />
            </Dropdown>
          </>
        }
      />
      <Flex vertical gap={16}>
        {!endpoint.enabled && endpoint.disableReason !== "WEBHOOK_DISABLE_REASON_UNSPECIFIED" && (
          <Alert
            type="error"
            showIcon
            title={t(`enums.WebhookDisableReason.${endpoint.disableReason}`)}
            description={
              <>
                {t("administration.webhook.disabledAutomaticallyText")} <Time value={endpoint.disableTime} />
              </>
            }
            action={<Button onClick={() => void setEnabled(true)}>{t("administration.webhook.enable")}</Button>}
          />
        )}
        <Card>
          <Descriptions
            size="small"
            column={{ xs: 1, md: 2 }}
            items={[
              { key: "url", label: t("administration.webhook.url"), span: "filled", children: <Typography.Text copyable>{endpoint.url}</Typography.Text> },
              { key: "events", label: t("administration.webhook.events"), span: "filled", children: <EventTags types={endpoint.eventTypes} most={20} /> },
              { key: "created", label: t("administration.webhook.createTime"), children: <Time value={endpoint.createTime} /> },
              ...(endpoint.oldSecretExpireTime && dayjs(endpoint.oldSecretExpireTime).isAfter(dayjs())
                ? [{ key: "old", label: t("administration.webhook.oldSecret"), children: <Time value={endpoint.oldSecretExpireTime} /> }]
                : []),
            ]}
          />
        </Card>
        <DeliveriesCard endpoint={endpoint} onOpen={setDelivery} />
      </Flex>
      <EndpointForm endpoint={endpoint} open={dialog === "edit"} onClose={() => setDialog(undefined)} />
      <ReplayDialog endpoint={endpoint} open={dialog === "replay"} onClose={() => setDialog(undefined)} />
      <DeliveryDrawer endpoint={endpoint} delivery={delivery} onClose={closeDelivery} />
      <ShownOnce
        title={t("administration.webhook.secretTitle")}
        hint={t("administration.webhook.rotatedOnce")}
        items={secret === undefined ? undefined : [{ label: t("administration.webhook.secret"), value: secret, secret: true, testId: "webhook-secret" }]}
        onClose={() => setSecret(undefined)}
      />
    </>
  );
}
