import { useState } from "react";
import { CloseOutlined, UndoOutlined } from "@ant-design/icons";
import { Alert, Button, Flex, Popconfirm, Progress, Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { BulkChange } from "@/api/types";
import { useNotices } from "@/shared/notices";
import { Time } from "@/shared/Time";
import { PlainAttributeValue } from "../../AttributeValue";
import { useAttributes } from "../../attributes";
import { isUnderWay, undoBulkChange, useBulkChangesChanged } from "./api";
import { percentOf, setBy } from "./progress";
import { RefusalsDrawer } from "./RefusalsDrawer";

const colors: Partial<Record<BulkChange["state"], string>> = {
  BULK_CHANGE_STATE_RUNNING: "blue",
  BULK_CHANGE_STATE_UNDOING: "blue",
  BULK_CHANGE_STATE_COMPLETED: "green",
  BULK_CHANGE_STATE_FAILED: "red",
};

/** How a bulk change goes or went, with what it had to leave and the way back. */
export function BulkChangeCard({ bulk, onClose }: { bulk: BulkChange; onClose?: () => void }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useBulkChangesChanged();
  const attributes = useAttributes();
  const [busy, setBusy] = useState(false);
  const [reading, setReading] = useState(false);
  const undo = async () => {
    setBusy(true);
    try {
      await undoBulkChange(bulk.id);
    } catch (fault) {
      notices.fault(fault);
    } finally {
      setBusy(false);
      await changed();
    }
  };
  const counts = [
    t("lists.bulk.changed", { count: Number(bulk.changedCount) }),
    Number(bulk.unchangedCount) > 0 && t("lists.bulk.unchanged", { count: Number(bulk.unchangedCount) }),
    Number(bulk.restoredCount) > 0 && t("lists.bulk.restored", { count: Number(bulk.restoredCount) }),
    Number(bulk.keptCount) > 0 && t("lists.bulk.kept", { count: Number(bulk.keptCount) }),
  ].filter(Boolean);
  const left = Number(bulk.refusedCount) + Number(bulk.keptCount);
  return (
    <Flex vertical gap={6} role="region" aria-label={t("lists.bulk.title")} data-testid="bulk-change">
      <Flex gap={8} align="center" wrap>
        <Tag color={colors[bulk.state]} style={{ margin: 0 }}>
          {t(`enums.BulkChangeState.${bulk.state}`)}
        </Tag>
        {setBy(bulk, attributes).map(({ attribute, value }) => (
          <span key={attribute.path}>
            {attribute.label} → <PlainAttributeValue attribute={attribute} value={value} />
          </span>
        ))}
        <Typography.Text type="secondary">
          <Time value={bulk.createTime} as="relative" />
        </Typography.Text>
        <div style={{ flex: 1 }} />
        {bulk.undoExpireTime && (
          <Popconfirm title={t("lists.bulk.undoTitle")} onConfirm={() => void undo()}>
            <Button size="small" icon={<UndoOutlined />} loading={busy} data-testid="undo-bulk">
              {t(isUnderWay(bulk) ? "lists.bulk.stop" : "common.undo")}
            </Button>
          </Popconfirm>
        )}
        {onClose && !isUnderWay(bulk) && <Button size="small" type="text" icon={<CloseOutlined />} onClick={onClose} aria-label={t("common.close")} />}
      </Flex>
      {isUnderWay(bulk) && <Progress percent={percentOf(bulk)} size="small" />}
      <Flex gap={8} align="center" wrap role="status">
        <Typography.Text type="secondary">{counts.join(" · ")}</Typography.Text>
        {left > 0 && (
          <Button type="link" size="small" onClick={() => setReading(true)} style={{ padding: 0 }}>
            {t("lists.bulk.refused", { count: left })}
          </Button>
        )}
      </Flex>
      {bulk.failure && <Alert type="error" title={bulk.failure} />}
      {reading && <RefusalsDrawer id={bulk.id} onClose={() => setReading(false)} />}
    </Flex>
  );
}
