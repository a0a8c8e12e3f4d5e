// Sends the events of a stretch of time again, and shows how far that has come.
import { useState } from "react";
import { useQuery } from "@tanstack/react-query";
import { Alert, Button, DatePicker, Form, Modal, Progress, Switch } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import { useTranslation } from "react-i18next";
import type { WebhookEndpoint, WebhookReplay } from "@/api/types";
import { FormFault } from "@/shared/FormFault";
import { getReplay, replayDeliveries, useWebhooksChanged } from "./api";

interface Values {
  times: [Dayjs, Dayjs | null];
  undeliveredOnly: boolean;
}

export function ReplayDialog({ endpoint, open, onClose }: { endpoint: WebhookEndpoint; open: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const changed = useWebhooksChanged();
  const [form] = Form.useForm<Values>();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>();
  const [started, setStarted] = useState<WebhookReplay>();
  const submit = async ({ times: [from, to], undeliveredOnly }: Values) => {
    setBusy(true);
    setFault(undefined);
    try {
      setStarted(await replayDeliveries(endpoint.id, { startTime: from.toISOString(), endTime: to?.toISOString(), undeliveredOnly }));
    } catch (error) {
      setFault(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      open={open}
      title={t("administration.webhook.replayTitle")}
      onCancel={onClose}
      afterClose={() => {
        setStarted(undefined);
        setFault(undefined);
        void changed();
      }}
      destroyOnHidden
      footer={
        started ? (
          <Button type="primary" onClick={onClose}>
            {t("common.done")}
          </Button>
        ) : (
          <>
            <Button onClick={onClose}>{t("common.cancel")}</Button>
            <Button type="primary" loading={busy} onClick={() => form.submit()} data-testid="start-replay">
              {t("administration.webhook.replay")}
            </Button>
          </>
        )
      }
    >
      <FormFault fault={fault} />
      {started ? (
        <ReplayProgress started={started} />
      ) : (
        <Form<Values> form={form} layout="vertical" initialValues={{ times: [dayjs().subtract(1, "day"), null], undeliveredOnly: true }} onFinish={submit} preserve={false}>
          <Form.Item name="times" label={t("administration.webhook.replayRange")} extra={t("administration.webhook.replayText")} rules={[{ required: true, message: t("common.required") }]}>
            <DatePicker.RangePicker showTime={{ format: "HH:mm" }} format="YYYY-MM-DD HH:mm" allowEmpty={[false, true]} placeholder={["", t("administration.webhook.now")]} disabledDate={(date) => date.isAfter(dayjs(), "day")} style={{ width: "100%" }} />
          </Form.Item>
          <Form.Item name="undeliveredOnly" label={t("administration.webhook.undeliveredOnly")} valuePropName="checked">
            <Switch />
          </Form.Item>
        </Form>
      )}
    </Modal>
  );
}

function ReplayProgress({ started }: { started: WebhookReplay }) {
  const { t } = useTranslation();
  const { data: replay = started, error } = useQuery({
    queryKey: ["replay", started.id],
    queryFn: () => getReplay(started.id),
    refetchInterval: ({ state }) => (state.data && state.data.state !== "WEBHOOK_REPLAY_STATE_RUNNING" ? false : 1_000),
  });
  const total = Number(replay.totalCount);
  const queued = Number(replay.queuedCount);
  const over = replay.state === "WEBHOOK_REPLAY_STATE_COMPLETED";
  const failed = replay.state === "WEBHOOK_REPLAY_STATE_FAILED";
  return (
    <div data-testid="replay-progress">
      <FormFault fault={error} />
      <Progress percent={over ? 100 : total === 0 ? 0 : Math.min(99, Math.round((queued / total) * 100))} status={failed ? "exception" : over ? "success" : "active"} />
      <Alert type={failed ? "error" : over ? "success" : "info"} title={t(failed ? "administration.webhook.replayFailed" : over ? "administration.webhook.replayOver" : "administration.webhook.replayRunning", { count: queued })} />
    </div>
  );
}
