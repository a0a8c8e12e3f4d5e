import { useState } from "react";
import { DeleteOutlined, ExportOutlined, PauseCircleOutlined } from "@ant-design/icons";
import { Button, Card, DatePicker, Flex, Form, Input, Popconfirm, Typography } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { usePages } from "@/api/pages";
import type { Customer, ErasureHold } from "@/api/types";
import { FormDrawer } from "@/shared/FormDrawer";
import { LoadMore } from "@/shared/LoadMore";
import { useNotices } from "@/shared/notices";
import { ReasonDialog } from "@/shared/ReasonDialog";
import { Loaded, Nothing } from "@/shared/states";
import { Time } from "@/shared/Time";
import { createHold, createRequest, listRequests, releaseHold, useHolds } from "./api";
import { RequestEntry } from "./RequestEntry";

/** What the person asked for of what is held on them, and what holds an erasure off. */
export function PrivacyCard({ customer }: { customer: Customer }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const queries = useQueryClient();
  const requests = usePages(["privacyRequests", customer.id], (pageToken) => listRequests({ customerId: customer.id, pageToken }));
  const holds = useHolds(customer.id);
  const [dialog, setDialog] = useState<"export" | "erasure" | "hold">();
  const close = () => setDialog(undefined);
  const ask = (kind: "PRIVACY_REQUEST_KIND_EXPORT" | "PRIVACY_REQUEST_KIND_ERASURE") => async (reason: string) => {
    await createRequest(customer.id, kind, reason);
    notices.done(t("privacy.asked"));
    await queries.invalidateQueries({ queryKey: ["privacyRequests"] });
  };
  return (
    <Card title={t("privacy.title")} data-testid="privacy">
      <Flex vertical gap={16}>
        <Flex gap={8} wrap>
          <Button icon={<ExportOutlined />} onClick={() => setDialog("export")} data-testid="ask-export">
            {t("privacy.askExport")}
          </Button>
          <Button danger icon={<DeleteOutlined />} onClick={() => setDialog("erasure")} data-testid="ask-erasure">
            {t("privacy.askErasure")}
          </Button>
          <Button icon={<PauseCircleOutlined />} onClick={() => setDialog("hold")}>
            {t("privacy.hold")}
          </Button>
        </Flex>
        <Loaded query={requests} small>
          {({ pages }) => {
            const list = pages.flatMap((page) => page.privacyRequests);
            if (list.length === 0) return <Nothing small text={t("privacy.noRequests")} />;
            return (
              <Flex vertical gap={12}>
                {list.map((request) => (
                  <RequestEntry key={request.id} listed={request} />
                ))}
              </Flex>
            );
          }}
        </Loaded>
        <LoadMore query={requests} />
        {holds.data?.map((hold) => <Hold key={hold.id} hold={hold} />)}
      </Flex>
      <ReasonDialog open={dialog === "export"} required title={t("privacy.askExport")} text={t("privacy.askExportText")} okText={t("privacy.askExport")} onClose={close} onSubmit={ask("PRIVACY_REQUEST_KIND_EXPORT")} />
      <ReasonDialog open={dialog === "erasure"} required danger title={t("privacy.askErasure")} text={t("privacy.askErasureText")} okText={t("privacy.askErasure")} onClose={close} onSubmit={ask("PRIVACY_REQUEST_KIND_ERASURE")} />
      <HoldForm customer={customer} open={dialog === "hold"} onClose={close} />
    </Card>
  );
}

function Hold({ hold }: { hold: ErasureHold }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const queries = useQueryClient();
  const release = async () => {
    try {
      await releaseHold(hold.id);
      notices.done(t("privacy.released"));
    } catch (fault) {
      notices.fault(fault);
    } finally {
      await queries.invalidateQueries({ queryKey: ["erasureHolds", hold.customerId] });
    }
  };
  return (
    <Flex gap={8} align="center" data-testid="erasure-hold">
      <PauseCircleOutlined />
      <span style={{ flex: 1, minWidth: 0 }}>
        {hold.reason}{" "}
        <Typography.Text type="secondary">
          {hold.active ? hold.expireTime ? <>{t("privacy.until")} <Time value={hold.expireTime} as="date" /></> : t("privacy.unlimited") : t("privacy.over")}
        </Typography.Text>
      </span>
      {hold.active && (
        <Popconfirm title={t("privacy.releaseTitle")} onConfirm={() => void release()}>
          <Button size="small">{t("privacy.release")}</Button>
        </Popconfirm>
      )}
    </Flex>
  );
}

interface HoldValues {
  reason: string;
  expireTime?: Dayjs | null;
}

function HoldForm({ customer, open, onClose }: { customer: Customer; open: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const queries = useQueryClient();
  const save = async ({ reason, expireTime }: HoldValues) => {
    await createHold(customer.id, { reason, expireTime: expireTime ? expireTime.endOf("day").toISOString() : undefined });
    notices.done(t("privacy.held"));
    await queries.invalidateQueries({ queryKey: ["erasureHolds", customer.id] });
  };
  return (
    <FormDrawer<HoldValues> open={open} title={t("privacy.hold")} onClose={onClose} onSubmit={save} testId="hold-form">
      <Form.Item name="reason" label={t("common.reason")} rules={[{ required: true, whitespace: true, message: t("common.required") }]}>
        <Input.TextArea maxLength={500} autoSize={{ minRows: 2, maxRows: 5 }} />
      </Form.Item>
      <Form.Item name="expireTime" label={t("privacy.expireTime")} extra={t("privacy.unlimited")}>
        <DatePicker style={{ width: "100%" }} disabledDate={(date) => date.isBefore(dayjs().startOf("day"))} />
      </Form.Item>
    </FormDrawer>
  );
}
