import { useState } from "react";
import { DownloadOutlined } from "@ant-design/icons";
import { Alert, Button, Collapse, Flex, Progress, Tag, Typography } from "antd";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { download } from "@/api/download";
import type { PrivacyRequest } from "@/api/types";
import { useAccess } from "@/app/access";
import { zh } from "@/i18n/zh";
import { useNotices } from "@/shared/notices";
import { ReasonDialog } from "@/shared/ReasonDialog";
import { Time } from "@/shared/Time";
import { approveRequest, getRequest, refuseRequest, useRequestsChanged } from "./api";

const lookMillis = 1000;
const colors: Partial<Record<PrivacyRequest["state"], string>> = {
  PRIVACY_REQUEST_STATE_PENDING: "orange",
  PRIVACY_REQUEST_STATE_RUNNING: "blue",
  PRIVACY_REQUEST_STATE_DONE: "green",
  PRIVACY_REQUEST_STATE_FAILED: "red",
};

const isRunning = (request: PrivacyRequest) => request.state === "PRIVACY_REQUEST_STATE_RUNNING";

/** One request: where it stands, and what can be done about it. */
export function RequestEntry({ listed, named = false }: { listed: PrivacyRequest; named?: boolean }) {
  const { t } = useTranslation();
  const { profile } = useAccess();
  const notices = useNotices();
  const changed = useRequestsChanged();
  const [dialog, setDialog] = useState<"approve" | "refuse">();
  const [busy, setBusy] = useState(false);
  // What is under way is looked at until it has ended.
  const watched = useQuery({
    queryKey: ["privacyRequest", listed.id, listed.state],
    queryFn: async () => {
      const now = await getRequest(listed.id);
      if (!isRunning(now)) void changed();
      return now;
    },
    initialData: listed,
    enabled: isRunning(listed),
    refetchInterval: ({ state }) => (state.data && isRunning(state.data) ? lookMillis : false),
  });
  const request = isRunning(listed) ? watched.data : listed;
  const pending = request.state === "PRIVACY_REQUEST_STATE_PENDING";
  const ready = request.kind === "PRIVACY_REQUEST_KIND_EXPORT" && request.state === "PRIVACY_REQUEST_STATE_DONE";
  const failures: Readonly<Record<string, string>> = zh.privacy.failures;
  const fetchArchive = async () => {
    setBusy(true);
    try {
      await download(`/v1/privacyRequests/${request.id}:download`, {}, `${request.id}.zip`);
    } catch (fault) {
      notices.fault(fault);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Flex vertical gap={6} data-testid="privacy-request">
      <Flex gap={8} align="center" wrap>
        <strong>{t(`enums.PrivacyRequestKind.${request.kind}`)}</strong>
        {named && <Link to={`/customers/${request.customerId}`}>{request.customerName || t("privacy.erasedPerson")}</Link>}
        <Tag color={colors[request.state]}>{t(`enums.PrivacyRequestState.${request.state}`)}</Tag>
      </Flex>
      <Typography.Text type="secondary">
        {request.createUserName} · <Time value={request.createTime} />
        {request.reason && ` · ${request.reason}`}
      </Typography.Text>
      {request.decideTime && (
        <Typography.Text type="secondary">
          {t(request.state === "PRIVACY_REQUEST_STATE_REFUSED" ? "privacy.refused" : "privacy.approved")} · {request.decideUserName} · <Time value={request.decideTime} />
          {request.decideReason && ` · ${request.decideReason}`}
        </Typography.Text>
      )}
      {isRunning(request) && (
        <>
          <Progress percent={Math.floor((request.answeredCount * 100) / Math.max(1, request.serviceCount))} />
          {request.waitingFor && <Typography.Text type="secondary">{t("privacy.waitingFor", { service: request.waitingFor })}</Typography.Text>}
        </>
      )}
      {request.failure && (
        <Alert type="error" title={request.failure in failures ? t(`privacy.failures.${request.failure as keyof typeof zh.privacy.failures}`) : request.failure} />
      )}
      {request.erased.length > 0 && (
        <Collapse
          size="small"
          items={[
            {
              key: "certificate",
              label: t("privacy.certificate"),
              children: (
                <ul style={{ margin: 0, paddingInlineStart: 20 }}>
                  {request.erased.map((line) => (
                    <li key={`${line.service} ${line.section}`}>
                      {line.service} · {line.section}: {line.count}
                    </li>
                  ))}
                </ul>
              ),
            },
          ]}
        />
      )}
      <Flex gap={8} wrap>
        {ready && (
          <Button icon={<DownloadOutlined />} loading={busy} onClick={() => void fetchArchive()}>
            {t("privacy.download")}
          </Button>
        )}
        {pending && request.createUserId !== profile?.id && (
          <Button danger onClick={() => setDialog("approve")} data-testid="approve">
            {t("privacy.approve")}
          </Button>
        )}
        {pending && (
          <Button onClick={() => setDialog("refuse")} data-testid="refuse">
            {t("privacy.refuse")}
          </Button>
        )}
      </Flex>
      <ReasonDialog
        open={dialog === "approve"}
        danger
        title={t("privacy.approveTitle")}
        text={t("privacy.approveText")}
        okText={t("privacy.approve")}
        onClose={() => setDialog(undefined)}
        onSubmit={async (reason) => {
          await approveRequest(request.id, reason);
          notices.done(t("privacy.approved"));
          await changed();
        }}
      />
      <ReasonDialog
        open={dialog === "refuse"}
        required
        title={t("privacy.refuse")}
        text={t("privacy.refuseText")}
        okText={t("privacy.refuse")}
        onClose={() => setDialog(undefined)}
        onSubmit={async (reason) => {
          await refuseRequest(request.id, reason);
          notices.done(t("privacy.refused"));
          await changed();
        }}
      />
    </Flex>
  );
}
