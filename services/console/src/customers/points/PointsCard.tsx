// The points of a customer: what can be spent, what runs out next, and every entry of the ledger.
import { useState } from "react";
import { Button, Card, Flex, Form, Input, InputNumber, Statistic, Typography } from "antd";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { usePages } from "@/api/pages";
import type { Customer, PointEntry } from "@/api/types";
import { useAccess } from "@/app/access";
import { FormDrawer } from "@/shared/FormDrawer";
import { LoadMore } from "@/shared/LoadMore";
import { useNotices } from "@/shared/notices";
import { ReasonDialog } from "@/shared/ReasonDialog";
import { Loaded, Nothing } from "@/shared/states";
import { Time } from "@/shared/Time";
import { adjustPoints, listPointEntries, reversePoints, usePointAccount } from "./api";

export function PointsCard({ customer }: { customer: Customer }) {
  const { t } = useTranslation();
  const { reaches } = useAccess();
  const notices = useNotices();
  const queries = useQueryClient();
  const account = usePointAccount(customer.id);
  const entries = usePages(["points", customer.id, "entries"], (pageToken) => listPointEntries(customer.id, pageToken));
  const [adjusting, setAdjusting] = useState(false);
  const [reversing, setReversing] = useState<PointEntry>();
  const writes = reaches("PERMISSION_CUSTOMERS_UPDATE", customer) && customer.state === "CUSTOMER_STATE_ACTIVE";
  const changed = async () => {
    notices.done(t("common.saved"));
    await queries.invalidateQueries({ queryKey: ["points", customer.id] });
  };
  return (
    <Card
      title={t("levels.points.title")}
      data-testid="points"
      extra={
        writes && (
          <Button type="text" onClick={() => setAdjusting(true)} data-testid="adjust-points">
            {t("levels.points.adjust")}
          </Button>
        )
      }
    >
      <Loaded query={account} small>
        {({ balance, nextExpireTime, nextExpireAmount }) => (
          <Flex gap={24} align="end" wrap>
            <Statistic value={Number(balance)} title={t("levels.points.balance")} />
            {nextExpireTime && (
              <Typography.Text type="warning">
                {t("levels.points.expiring", { amount: nextExpireAmount })} <Time value={nextExpireTime} as="date" />
              </Typography.Text>
            )}
          </Flex>
        )}
      </Loaded>
      <Loaded query={entries} small>
        {({ pages }) => {
          const list = pages.flatMap((page) => page.entries);
          const reversed = new Set(list.map(({ reversesId }) => reversesId));
          if (list.length === 0) return <Nothing text={t("levels.points.none")} small />;
          return (
            <Flex vertical gap={8} style={{ marginTop: 12 }} data-testid="point-entries">
              {list.map((entry) => (
                <Flex key={entry.id} gap={8} wrap align="center">
                  <strong className="tabular" style={{ minWidth: 72 }}>
                    {Number(entry.amount) > 0 ? `+${entry.amount}` : entry.amount}
                  </strong>
                  <span>{t(`levels.points.kinds.${entry.kind}`)}</span>
                  <span>{entry.reason || entry.source}</span>
                  <Typography.Text type="secondary">
                    <Time value={entry.createTime} /> {entry.createUserName}
                  </Typography.Text>
                  {writes && entry.kind !== "POINT_ENTRY_KIND_REVERSED" && !reversed.has(entry.id) && (
                    <Button type="link" size="small" style={{ marginInlineStart: "auto" }} onClick={() => setReversing(entry)}>
                      {t("levels.points.reverse")}
                    </Button>
                  )}
                </Flex>
              ))}
            </Flex>
          );
        }}
      </Loaded>
      <LoadMore query={entries} />
      <AdjustForm customerId={customer.id} open={adjusting} onClose={() => setAdjusting(false)} onSaved={changed} />
      <ReasonDialog
        open={reversing !== undefined}
        title={t("levels.points.reverse")}
        text={t("levels.points.reverseText", { amount: reversing?.amount ?? "" })}
        okText={t("levels.points.reverse")}
        maxLength={200}
        required
        onClose={() => setReversing(undefined)}
        onSubmit={async (reason) => {
          await reversePoints(customer.id, reversing?.id ?? "", reason);
          await changed();
        }}
      />
    </Card>
  );
}

interface Values {
  amount: number;
  reason: string;
}

function AdjustForm({ customerId, open, onClose, onSaved }: { customerId: string; open: boolean; onClose: () => void; onSaved: () => Promise<unknown> }) {
  const { t } = useTranslation();
  return (
    <FormDrawer<Values>
      open={open}
      title={t("levels.points.adjust")}
      testId="points-form"
      onClose={onClose}
      onSubmit={async ({ amount, reason }) => {
        await adjustPoints(customerId, amount, reason);
        await onSaved();
      }}
    >
      <Form.Item name="amount" label={t("levels.points.amount")} extra={t("levels.points.amountHint")} rules={[{ required: true, message: t("common.required") }]}>
        <InputNumber precision={0} min={-1_000_000_000} max={1_000_000_000} style={{ width: "100%" }} />
      </Form.Item>
      <Form.Item name="reason" label={t("common.reason")} rules={[{ required: true, whitespace: true, message: t("common.required") }]}>
        <Input.TextArea maxLength={200} autoSize={{ minRows: 2, maxRows: 4 }} />
      </Form.Item>
    </FormDrawer>
  );
}
