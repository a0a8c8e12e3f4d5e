import { useState } from "react";
import { UndoOutlined } from "@ant-design/icons";
import { Alert, Button, Card, Flex, Popconfirm, Progress, Statistic, Table, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { usePages } from "@/api/pages";
import type { Import, ImportKept } from "@/api/types";
import { LoadMore } from "@/shared/LoadMore";
import { Loaded } from "@/shared/states";
import { listImportKept } from "./api";
import { mayUndo, percentUndone } from "./progress";

/** Takes back what the import did; nothing where nothing is to be taken back. */
export function UndoButton({ item, onUndo }: { item: Import; onUndo: () => Promise<void> }) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  if (!mayUndo(item)) return null;
  const undo = async () => {
    setBusy(true);
    await onUndo().finally(() => setBusy(false));
  };
  return (
    <Popconfirm title={t("imports.undo.sure")} description={t("imports.undo.sureText")} okText={t("imports.undo.act")} onConfirm={() => void undo()} styles={{ root: { maxWidth: 360 } }}>
      <Button icon={<UndoOutlined />} loading={busy} data-testid="undo-import">
        {t("imports.undo.act")}
      </Button>
    </Popconfirm>
  );
}

export function Undoing({ item }: { item: Import }) {
  const { t } = useTranslation();
  return (
    <Card data-testid="undoing">
      <Flex vertical gap={16} align="center">
        <span role="status">{t("imports.undo.running")}</span>
        <Progress percent={percentUndone(item)} status="active" style={{ maxWidth: 560 }} />
      </Flex>
    </Card>
  );
}

/** What became of the customers that the import made or changed. */
export function Undone({ item }: { item: Import }) {
  const { t } = useTranslation();
  if (!item.undo) return null;
  const kept = Number(item.undo.kept);
  return (
    <Card title={t("imports.undo.title")} data-testid="undone">
      <Flex vertical gap={16}>
        {item.state === "IMPORT_STATE_UNDONE" && <Alert type={kept > 0 ? "warning" : "success"} showIcon title={kept > 0 ? t("imports.undo.someKept", { count: kept }) : t("imports.undo.clean")} />}
        <Flex gap={32} wrap>
          {(["removed", "restored", "kept"] as const).map((figure) => (
            <Statistic key={figure} title={t(`imports.undo.${figure}`)} value={Number(item.undo?.[figure])} data-testid={`undo-${figure}`} styles={{ content: { fontSize: 22 } }} />
          ))}
        </Flex>
        {kept > 0 && <Kept item={item} />}
      </Flex>
    </Card>
  );
}

function Kept({ item }: { item: Import }) {
  const { t } = useTranslation();
  const kept = usePages(["importKept", item.id, item.state ?? ""], (pageToken) => listImportKept(item.id, pageToken));
  const columns: TableColumnsType<ImportKept> = [
    {
      title: t("imports.undo.customer"),
      key: "customer",
      render: (_, row) => (row.customerName ? <Link to={`/customers/${row.customerId}`}>{row.customerName}</Link> : t("imports.undo.unseen")),
    },
    { title: t("imports.undo.number"), key: "number", dataIndex: "customerNumber" },
    { title: t("imports.undo.reason"), key: "reason", render: (_, row) => t(`enums.ImportKeptReason.${row.reason ?? "IMPORT_KEPT_REASON_UNSPECIFIED"}`) },
  ];
  return (
    <>
      <Loaded query={kept} small>
        {({ pages }) => <Table<ImportKept> rowKey="customerId" size="small" columns={columns} dataSource={pages.flatMap((page) => page.kept)} pagination={false} scroll={{ x: 480 }} />}
      </Loaded>
      <LoadMore query={kept} />
    </>
  );
}
