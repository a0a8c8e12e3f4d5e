import { UndoOutlined } from "@ant-design/icons";
import { Alert, Button, Card, Flex, Popconfirm, Tag, Typography } from "antd";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { usePages } from "@/api/pages";
import type { Merge, MergedCustomer } from "@/api/types";
import { useActs } from "@/shared/acts";
import { LoadMore } from "@/shared/LoadMore";
import { Loaded, Nothing } from "@/shared/states";
import { Time } from "@/shared/Time";
import { useCustomerChanged } from "../api";
import { useAttributes } from "../attributes";
import { listMerges, undoMerge } from "./api";
import { movedText } from "./movedText";

/** What was merged, with a way back for a while. */
export function MergeList() {
  const { t } = useTranslation();
  const merges = usePages(["duplicates", "merges"], (pageToken) => listMerges(pageToken));
  return (
    <Flex vertical gap={12}>
      <Loaded query={merges}>
        {({ pages }) => {
          const list = pages.flatMap((page) => page.merges);
          if (list.length === 0) return <Nothing text={t("customers.duplicates.noMerges")} />;
          return list.map((merge) => <MergeCard key={merge.id} merge={merge} />);
        }}
      </Loaded>
      <LoadMore query={merges} />
    </Flex>
  );
}

function MergeCard({ merge }: { merge: Merge }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const attributes = useAttributes();
  const customersChanged = useCustomerChanged();
  const { attempt } = useActs(() => Promise.all([customersChanged(), queries.invalidateQueries({ queryKey: ["duplicates"] })]));
  const labels = (fields: readonly string[]) =>
    fields.map((field) => attributes.find(({ maskPath }) => maskPath === field)?.label ?? (field === "addresses" ? t("customers.address.title") : field)).join(t("customers.duplicates.comma"));
  return (
    <Card
      data-testid="merge-entry"
      size="small"
      title={
        <Flex gap={6} wrap>
          {merge.merged.map((customer) => (
            <Name key={customer.id} customer={customer} />
          ))}
          → {merge.survivor && <Name customer={merge.survivor} />}
        </Flex>
      }
      extra={merge.undoTime && <Tag>{t("customers.duplicates.wasUndone")}</Tag>}
    >
      <Flex vertical gap={6}>
        <Typography.Text type="secondary">
          {merge.createUserName} · <Time value={merge.createTime} />
        </Typography.Text>
        {merge.moved.length > 0 && <span>{t("customers.duplicates.moved", { what: movedText(t, merge.moved) })}</span>}
        {merge.changedFields.length > 0 && <span>{t("customers.duplicates.changedFields", { fields: labels(merge.changedFields) })}</span>}
        {merge.undoTime && (
          <Typography.Text type="secondary">
            {t("customers.duplicates.undoneBy", { name: merge.undoUserName })} · <Time value={merge.undoTime} />
          </Typography.Text>
        )}
        {merge.keptFields.length > 0 && <Alert type="info" showIcon title={t("customers.duplicates.keptFields", { fields: labels(merge.keptFields) })} />}
        {merge.undoExpireTime && (
          <Flex gap={8} align="center" wrap>
            <Popconfirm title={t("customers.duplicates.undoTitle")} onConfirm={() => attempt(() => undoMerge(merge.id), t("customers.duplicates.undone"))}>
              <Button icon={<UndoOutlined />}>{t("customers.duplicates.undo")}</Button>
            </Popconfirm>
            <Typography.Text type="secondary">
              {t("customers.duplicates.undoUntil")} <Time value={merge.undoExpireTime} />
            </Typography.Text>
          </Flex>
        )}
      </Flex>
    </Card>
  );
}

/** Who isn't seen has an id alone. */
function Name({ customer }: { customer: MergedCustomer }) {
  const { t } = useTranslation();
  if (!customer.number) return <span>{t("customers.duplicates.unseenCustomer")}</span>;
  return (
    <Link to={`/customers/${customer.id}`}>
      {customer.name} · {customer.number}
    </Link>
  );
}
