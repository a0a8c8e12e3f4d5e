// Work that a service gave up after all tries: why, and once more.
import { useState } from "react";
import { useQueryClient } from "@tanstack/react-query";
import { Button, Card, Drawer, Flex, Tabs, Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { usePages } from "@/api/pages";
import { useAccess } from "@/app/access";
import { LoadMore } from "@/shared/LoadMore";
import { useNotices } from "@/shared/notices";
import { Loaded, Nothing } from "@/shared/states";
import { Time } from "@/shared/Time";
import { usePhone } from "@/shared/usePhone";
import type { Service } from "../services";
import { listDeadJobs, listDeadLetters, retryDeadJob, retryDeadLetter } from "./api";

export function DeadWorkDrawer({ service, onClose }: { service: Service | undefined; onClose: () => void }) {
  const { t } = useTranslation();
  const phone = usePhone();
  return (
    <Drawer
      open={service !== undefined}
      onClose={onClose}
      size={phone ? window.innerWidth : 640}
      title={service && t("administration.status.deadTitle", { service: t(`identity.services.${service}`) })}
      destroyOnHidden
      data-testid="dead-work"
    >
      {service && (
        <Tabs
          items={[
            { key: "jobs", label: t("administration.status.deadJobs"), children: <DeadJobs service={service} /> },
            { key: "letters", label: t("administration.status.deadLetters"), children: <DeadLetters service={service} /> },
          ]}
        />
      )}
    </Drawer>
  );
}

function DeadJobs({ service }: { service: Service }) {
  const { t } = useTranslation();
  const jobs = usePages(["deadJobs", service], (pageToken) => listDeadJobs(service, pageToken));
  return (
    <>
      <Loaded query={jobs} small>
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.jobs);
          if (rows.length === 0) return <Nothing text={t("administration.status.noDead")} />;
          return (
            <Flex vertical gap={12}>
              {rows.map((job) => (
                <Failed
                  key={job.id}
                  title={job.kind}
                  tag={t("administration.status.attempts", { count: job.attempts })}
                  time={job.endTime}
                  failure={job.failure}
                  retry={() => retryDeadJob(service, job.id)}
                />
              ))}
            </Flex>
          );
        }}
      </Loaded>
      <LoadMore query={jobs} />
    </>
  );
}

function DeadLetters({ service }: { service: Service }) {
  const { t } = useTranslation();
  const letters = usePages(["deadLetters", service], (pageToken) => listDeadLetters(service, pageToken));
  return (
    <>
      <Loaded query={letters} small>
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.letters);
          if (rows.length === 0) return <Nothing text={t("administration.status.noDead")} />;
          return (
            <Flex vertical gap={12}>
              {rows.map((letter) => (
                <Failed
                  key={letter.consumer + letter.eventId}
                  title={letter.type}
                  tag={letter.consumer}
                  time={letter.createTime}
                  failure={letter.failure}
                  retry={() => retryDeadLetter(service, letter.consumer, letter.eventId)}
                />
              ))}
            </Flex>
          );
        }}
      </Loaded>
      <LoadMore query={letters} />
    </>
  );
}

interface FailedProps {
  title: string;
  tag: string;
  time: string | undefined;
  failure: string;
  retry: () => Promise<unknown>;
}

function Failed({ title, tag, time, failure, retry }: FailedProps) {
  const { t } = useTranslation();
  const { can } = useAccess();
  const notices = useNotices();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    try {
      await retry();
      notices.done(t("administration.status.retried"));
    } catch (fault) {
      notices.fault(fault);
    } finally {
      setBusy(false);
      await Promise.all(["deadJobs", "deadLetters", "status"].map((key) => queries.invalidateQueries({ queryKey: [key] })));
    }
  };
  return (
    <Card size="small">
      <Flex justify="space-between" gap={8} wrap align="center">
        <Flex gap={8} wrap align="center" style={{ minWidth: 0 }}>
          <code>{title}</code>
          <Tag style={{ margin: 0 }}>{tag}</Tag>
          <Typography.Text type="secondary">
            <Time value={time} as="relative" />
          </Typography.Text>
        </Flex>
        {can("PERMISSION_PARAMETERS_MANAGE") && (
          <Button size="small" loading={busy} onClick={() => void run()}>
            {t("administration.status.retry")}
          </Button>
        )}
      </Flex>
      <Typography.Paragraph type="danger" style={{ margin: "8px 0 0", whiteSpace: "pre-wrap" }} ellipsis={{ rows: 4, expandable: true }}>
        {failure}
      </Typography.Paragraph>
    </Card>
  );
}
