import { MergeCellsOutlined } from "@ant-design/icons";
import { Button, Card, Flex, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Customer, DuplicatePair } from "@/api/types";
import { useAccess } from "@/app/access";
import { useActs } from "@/shared/acts";
import { Time } from "@/shared/Time";
import { dismissPair, reopenPair } from "./api";
import { olderFirst } from "./merge";
import { Reasons } from "./Reasons";

interface PairCardProps {
  pair: DuplicatePair;
  onMerge: (ids: string[]) => void;
  onChanged: () => Promise<unknown>;
}

export function PairCard({ pair, onMerge, onChanged }: PairCardProps) {
  const { t } = useTranslation();
  const { reaches } = useAccess();
  const { attempt } = useActs(onChanged);
  const dismissed = pair.state === "DUPLICATE_PAIR_STATE_DISMISSED";
  const customers = olderFirst(pair.customers);
  const merges = !dismissed && customers.length === 2 && customers.some((customer) => reaches("PERMISSION_CUSTOMERS_INVALIDATE", customer));
  return (
    <Card data-testid="duplicate-pair" size="small">
      <Flex justify="space-between" gap={12} wrap>
        <Flex vertical gap={8} style={{ minWidth: 0, flex: 1 }}>
          <Reasons score={pair.score} reasons={pair.reasons} />
          <Flex gap={24} wrap>
            {customers.map((customer) => (
              <Head key={customer.id} customer={customer} />
            ))}
          </Flex>
          {dismissed && (
            <Typography.Text type="secondary">
              {t("customers.duplicates.dismissedBy", { name: pair.dismissUserName })} · <Time value={pair.dismissTime} />
            </Typography.Text>
          )}
        </Flex>
        <Flex gap={8} align="center" wrap>
          {dismissed ? (
            <Button onClick={() => void attempt(() => reopenPair(pair.id))}>{t("customers.duplicates.reopen")}</Button>
          ) : (
            <Button onClick={() => void attempt(() => dismissPair(pair.id), t("customers.duplicates.dismissed"))}>{t("customers.duplicates.dismiss")}</Button>
          )}
          {merges && (
            <Button type="primary" icon={<MergeCellsOutlined />} onClick={() => onMerge(customers.map(({ id }) => id))}>
              {t("customers.duplicates.compare")}
            </Button>
          )}
        </Flex>
      </Flex>
    </Card>
  );
}

function Head({ customer }: { customer: Customer }) {
  return (
    <Flex vertical gap={2} style={{ minWidth: 180 }}>
      <Link to={`/customers/${customer.id}`} target="_blank">
        {customer.name}
      </Link>
      <Typography.Text type="secondary" className="tabular">
        {[customer.number, customer.phone, customer.ownerName].filter(Boolean).join(" · ")}
      </Typography.Text>
    </Flex>
  );
}
