import { useState } from "react";
import { DownloadOutlined, PlusOutlined, UndoOutlined } from "@ant-design/icons";
import { Alert, Button, Card, Flex, Popconfirm, Progress, Tag, Typography } from "antd";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { download } from "@/api/download";
import { usePages } from "@/api/pages";
import type { Handover } from "@/api/types";
import { LoadMore } from "@/shared/LoadMore";
import { useNotices } from "@/shared/notices";
import { PageHeader } from "@/shared/PageHeader";
import { Loaded, Nothing } from "@/shared/states";
import { Time } from "@/shared/Time";
import { getHandover, listHandovers, undoHandover } from "./api";
import { HandoverForm } from "./HandoverForm";

const lookMillis = 1000;
const colors: Partial<Record<Handover["state"], string>> = {
  HANDOVER_STATE_RUNNING: "blue",
  HANDOVER_STATE_UNDOING: "blue",
  HANDOVER_STATE_COMPLETED: "green",
  HANDOVER_STATE_FAILED: "red",
};

/** 移交: an employee's customers go to others, with a report and a way back. */
export function HandoversPage() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const handovers = usePages(["handovers"], (pageToken) => listHandovers(pageToken));
  const [params, setParams] = useSearchParams();
  // An employee's page leads here with whose customers are to go.
  const from = params.get("from") ?? undefined;
  const [starting, setStarting] = useState(from !== undefined);
  const close = () => {
    setStarting(false);
    setParams({}, { replace: true });
  };
  const changed = () => queries.invalidateQueries({ queryKey: ["handovers"] });
  return (
    <>
      <PageHeader
        title={t("app.menu.handovers")}
        subtitle={t("customers.handover.subtitle")}
        actions={
          <Button type="primary" icon={<PlusOutlined />} onClick={() => setStarting(true)} data-testid="start-handover">
            {t("customers.handover.start")}
          </Button>
        }
      />
      <Loaded query={handovers}>
        {({ pages }) => {
          const list = pages.flatMap((page) => page.handovers);
          if (list.length === 0) return <Nothing text={t("customers.handover.empty")} />;
          return (
            <Flex vertical gap={12}>
              {list.map((handover) => (
                <HandoverCard key={handover.id} listed={handover} onChanged={changed} />
              ))}
            </Flex>
          );
        }}
      </Loaded>
      <LoadMore query={handovers} />
      <HandoverForm open={starting} from={from} onClose={close} onStarted={changed} />
    </>
  );
}

function isUnderWay(handover: Handover): boolean {
  return handover.state === "HANDOVER_STATE_RUNNING" || handover.state === "HANDOVER_STATE_UNDOING";
}

function HandoverCard({ listed, onChanged }: { listed: Handover; onChanged: () => Promise<unknown> }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const [busy, setBusy] = useState(false);
  // What is under way is looked at until it has ended.
  const watched = useQuery({
    queryKey: ["handover", listed.id, listed.state],
    queryFn: () => getHandover(listed.id),
    initialData: listed,
    enabled: isUnderWay(listed),
    refetchInterval: (query) => (query.state.data && isUnderWay(query.state.data) ? lookMillis : false),
  });
  const handover = watched.data;
  const count = (field: "movedCount" | "returnedCount" | "keptCount") =>
    handover.lines.filter((line) => line.kind === "customer").reduce((sum, line) => sum + Number(line[field]), 0);
  const undoing = handover.state === "HANDOVER_STATE_UNDOING";
  const done = undoing ? count("returnedCount") + count("keptCount") : count("movedCount");
  const whole = undoing ? count("movedCount") : Number(handover.expectedCount);

  const attempt = async (work: () => Promise<unknown>) => {
    setBusy(true);
    try {
      await work();
    } catch (fault) {
      notices.fault(fault);
    } finally {
      setBusy(false);
      await onChanged();
    }
  };
  const report = () => download(`/v1/handovers/${handover.id}:downloadReport`, { format: "HANDOVER_REPORT_FORMAT_XLSX" }, "handover.xlsx");
  return (
    <Card
      data-testid="handover"
      title={t("customers.handover.from", { name: handover.fromEmployeeName })}
      extra={<Tag color={colors[handover.state]}>{t(`enums.HandoverState.${handover.state}`)}</Tag>}
    >
      <Flex vertical gap={8}>
        <Typography.Text type="secondary">
          {handover.createUserName} · <Time value={handover.createTime} />
          {handover.note && ` · ${handover.note}`}
        </Typography.Text>
        {isUnderWay(handover) && <Progress percent={whole > 0 ? Math.min(100, Math.floor((done * 100) / whole)) : 0} />}
        {handover.failure && <Alert type="error" title={handover.failure} />}
        <ul style={{ margin: 0, paddingInlineStart: 20 }}>
          {handover.lines.map((line) => (
            <li key={`${line.kind} ${line.employeeId}`}>
              {t(line.kind === "customer" ? "customers.handover.customers" : "customers.handover.plans", { count: Number(line.movedCount), name: line.employeeName })}
              {Number(line.returnedCount) + Number(line.keptCount) > 0 && ` ${t("customers.handover.returned", { returned: line.returnedCount, kept: line.keptCount })}`}
            </li>
          ))}
        </ul>
        <Flex gap={8} wrap>
          <Button icon={<DownloadOutlined />} loading={busy} onClick={() => void attempt(report)}>
            {t("customers.handover.report")}
          </Button>
          {handover.undoExpireTime && (
            <Popconfirm title={t("customers.handover.undoTitle")} onConfirm={() => void attempt(() => undoHandover(handover.id))}>
              <Button icon={<UndoOutlined />} loading={busy}>
                {t("customers.handover.undo")}
              </Button>
            </Popconfirm>
          )}
        </Flex>
      </Flex>
    </Card>
  );
}
