import { useState } from "react";
import { EllipsisOutlined, SendOutlined } from "@ant-design/icons";
import { Alert, Button, Card, Descriptions, Dropdown, Flex, Typography } from "antd";
import dayjs from "dayjs";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import type { WebhookDelivery, WebhookEndpoint } from "@/api/types";
import { useActs } from "@/shared/acts";
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
  const navigate = useNavigate();
  const changed = useWebhooksChanged();
  const { attempt, ask, askToDelete } = useActs(changed);
  const [dialog, setDialog] = useState<"edit" | "replay">();
  const [delivery, setDelivery] = useState<WebhookDelivery>();
  const [secret, setSecret] = useState<string>();
  const [testing, setTesting] = useState(false);

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

  const items = [
    { key: "edit", label: t("common.edit"), onClick: () => setDialog("edit") },
    {
      key: "rotate",
      label: t("administration.webhook.rotate"),
      onClick: () =>
        ask({
          title: t("administration.webhook.rotateTitle"),
          content: t("administration.webhook.rotateText"),
          okText: t("administration.webhook.rotate"),
          danger: false,
          work: () => attempt(async () => setSecret((await rotateSecret(endpoint.id)).secret)),
        }),
    },
    { key: "replay", label: t("administration.webhook.replay"), disabled: !endpoint.enabled, onClick: () => setDialog("replay") },
    endpoint.enabled
      ? {
          key: "disable",
          label: t("administration.webhook.disable"),
          onClick: () =>
            ask({
              title: t("administration.webhook.disableTitle", { name: endpoint.name }),
              content: t("administration.webhook.disableHint"),
              okText: t("administration.webhook.disable"),
              work: () => setEnabled(false),
            }),
        }
      : { key: "enable", label: t("administration.webhook.enable"), onClick: () => void setEnabled(true) },
    { type: "divider" as const },
    {
      key: "delete",
      label: t("common.delete"),
      danger: true,
      onClick: () =>
        askToDelete({
          title: t("administration.webhook.deleteTitle", { name: endpoint.name }),
          content: t("administration.webhook.deleteText"),
          work: async () => {
            await deleteEndpoint(endpoint.id, endpoint.etag);
            await navigate("/webhooks");
          },
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
