// One import on its way: what the columns mean, a dry run, the real run, the result.
import { useState } from "react";
import { Alert, App, Button, Card, Flex, Progress, Steps, Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { useQueryClient } from "@tanstack/react-query";
import type { Import } from "@/api/types";
import { useNotices } from "@/shared/notices";
import { PageHeader } from "@/shared/PageHeader";
import { Loaded } from "@/shared/states";
import { usePhone } from "@/shared/usePhone";
import { useCustomerChanged } from "../api";
import { cancelImport, runImport, undoImport, type RunChoice } from "./api";
import { Figures } from "./Figures";
import { Mapping } from "./Mapping";
import { percentDone, stepOf } from "./progress";
import { RowErrors } from "./RowErrors";
import { UndoButton, Undoing, Undone } from "./Undo";
import { useLiveImport } from "./useLiveImport";

export function ImportPage() {
  const { id = "" } = useParams();
  const query = useLiveImport(id);
  return <Loaded query={query}>{(data) => <Wizard item={data} />}</Loaded>;
}

function Wizard({ item }: { item: Import }) {
  const { t } = useTranslation();
  const phone = usePhone();
  const notices = useNotices();
  const queries = useQueryClient();
  const customersChanged = useCustomerChanged();
  const { modal } = App.useApp();
  const [busy, setBusy] = useState<"dry" | "real" | "cancel" | "undo">();
  const [choice, setChoice] = useState<RunChoice>();
  const step = stepOf(item);
  const steps = ["map", "checked", "done"] as const;
  // One past the last when everything is done: no step is left to be taken.
  const current = step === "running" ? (item.dryRun ? 1 : 2) : step === "done" ? steps.length : steps.indexOf(step);

  const attempt = async (kind: NonNullable<typeof busy>, work: () => Promise<Import>) => {
    setBusy(kind);
    try {
      queries.setQueryData(["import", item.id], await work());
    } catch (fault) {
      notices.fault(fault);
      await queries.invalidateQueries({ queryKey: ["import", item.id] });
    } finally {
      setBusy(undefined);
      void queries.invalidateQueries({ queryKey: ["imports"] });
      void queries.invalidateQueries({ queryKey: ["rowErrors", item.id] });
      void customersChanged();
      void queries.invalidateQueries({ queryKey: ["importKept", item.id] });
    }
  };
  const run = (made: RunChoice, dryRun: boolean) => {
    setChoice(made);
    const start = () => attempt(dryRun ? "dry" : "real", () => runImport(item.id, made, dryRun));
    if (dryRun || step === "checked") return void start();
    // Without a dry run one hears of faults only afterwards.
    modal.confirm({ title: t("imports.withoutDryRun"), content: t("imports.withoutDryRunText"), okText: t("imports.runReal"), onOk: start });
  };
  return (
    <>
      <PageHeader
        title={item.fileName}
        parents={[{ title: t("imports.title"), path: "/imports" }]}
        subtitle={
          <Flex gap={8} wrap align="center">
            <Tag style={{ margin: 0 }} data-testid="format">{(item.format ?? "").toUpperCase()}</Tag>
            {item.encoding && <Tag style={{ margin: 0 }} data-testid="encoding">{item.encoding}</Tag>}
            {t("imports.rows", { count: Number(item.rowCount) })} · {t("imports.columnCount", { count: item.columns.length })}
          </Flex>
        }
      />
      <Flex vertical gap={16}>
        <Card size="small">
          <Steps current={current} size="small" orientation={phone ? "vertical" : "horizontal"} items={steps.map((key) => ({ title: t(`imports.steps.${key}`) }))} />
        </Card>
        {step === "running" && <Running item={item} cancelling={busy === "cancel"} onCancel={() => void attempt("cancel", () => cancelImport(item.id))} />}
        {step !== "running" && item.state === "IMPORT_STATE_FAILED" && <Alert type="error" showIcon title={t("imports.broken")} description={item.failure} />}
        {step !== "running" && item.state === "IMPORT_STATE_CANCELLED" && <Alert type="warning" showIcon title={t("imports.cancelled")} />}
        {item.state === "IMPORT_STATE_UNDOING" && <Undoing item={item} />}
        {item.state !== "IMPORT_STATE_UNDOING" && <Undone item={item} />}
        {step === "done" && <Done item={item} onUndo={() => attempt("undo", () => undoImport(item.id))} />}
        {step === "checked" && <Checked item={item} />}
        {step !== "running" && Number(item.progress?.failed ?? 0) + Number(item.progress?.skipped ?? 0) > 0 && <RowErrors item={item} />}
        {(step === "map" || step === "checked") && <Mapping item={item} made={choice} busy={busy} checked={step === "checked"} onRun={run} />}
      </Flex>
    </>
  );
}

function Running({ item, cancelling, onCancel }: { item: Import; cancelling: boolean; onCancel: () => void }) {
  const { t } = useTranslation();
  return (
    <Card data-testid="running">
      <Flex vertical gap={16} align="center">
        <Typography.Text strong role="status">
          {t(item.dryRun ? "imports.checking" : "imports.importing", { processed: Number(item.progress?.processed ?? 0).toLocaleString(), total: Number(item.rowCount).toLocaleString() })}
        </Typography.Text>
        <Progress percent={percentDone(item)} status="active" style={{ maxWidth: 560 }} />
        <Figures item={item} />
        <Button danger onClick={onCancel} loading={cancelling}>
          {t("imports.cancel")}
        </Button>
        <Typography.Text type="secondary">{t("imports.leaveOpen")}</Typography.Text>
      </Flex>
    </Card>
  );
}

function Checked({ item }: { item: Import }) {
  const { t } = useTranslation();
  const failed = Number(item.progress?.failed ?? 0);
  return (
    <Card title={t("imports.dryResult")} data-testid="dry-result">
      <Flex vertical gap={16}>
        <Alert type={failed > 0 ? "warning" : "success"} showIcon title={failed > 0 ? t("imports.dryFailed", { count: failed }) : t("imports.dryClean")} />
        <Figures item={item} dry />
      </Flex>
    </Card>
  );
}

function Done({ item, onUndo }: { item: Import; onUndo: () => Promise<void> }) {
  const { t } = useTranslation();
  const failed = Number(item.progress?.failed ?? 0);
  return (
    <Card title={t("imports.resultTitle")} data-testid="result">
      <Flex vertical gap={16}>
        {item.state === "IMPORT_STATE_COMPLETED" && <Alert type={failed > 0 ? "warning" : "success"} showIcon title={failed > 0 ? t("imports.doneWithErrors", { count: failed }) : t("imports.doneClean")} />}
        <Figures item={item} />
        <Flex gap={8} wrap>
          <Link to={`/customers?order=${encodeURIComponent("update_time desc")}`}>
            <Button type="primary">{t("imports.toCustomers")}</Button>
          </Link>
          <Link to="/imports">
            <Button>{t("imports.another")}</Button>
          </Link>
          <UndoButton item={item} onUndo={onUndo} />
        </Flex>
      </Flex>
    </Card>
  );
}
