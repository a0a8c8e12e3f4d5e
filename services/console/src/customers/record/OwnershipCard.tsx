import { Card, Flex, Timeline, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { usePages } from "@/api/pages";
import type { Customer, OwnershipPeriod } from "@/api/types";
import { LoadMore } from "@/shared/LoadMore";
import { Loaded } from "@/shared/states";
import { Time } from "@/shared/Time";
import { listOwnershipPeriods } from "../api";
import { EntryLabel } from "../dictionaries/pickers";

/** Who owned the customer when, and how it came to them; the present owner first. */
export function OwnershipCard({ customer }: { customer: Customer }) {
  const { t } = useTranslation();
  const periods = usePages(["ownership", customer.id, customer.etag], (pageToken) => listOwnershipPeriods(customer.id, pageToken));
  return (
    <Card title={t("customers.ownership.title")} data-testid="ownership">
      {customer.recycleTime && (
        <Typography.Paragraph type="warning">
          {t("customers.ownership.recycle")} <Time value={customer.recycleTime} />
        </Typography.Paragraph>
      )}
      <Loaded query={periods} small>
        {({ pages }) => <Timeline items={pages.flatMap((page) => page.periods).map((period, place) => ({ key: place, content: <Period period={period} /> }))} />}
      </Loaded>
      <LoadMore query={periods} />
    </Card>
  );
}

function Period({ period }: { period: OwnershipPeriod }) {
  const { t, i18n } = useTranslation();
  const pool = i18n.language.startsWith("zh") ? period.poolNameZh : period.poolNameEn || period.poolNameZh;
  return (
    <Flex vertical gap={2}>
      <Flex gap={8} wrap>
        <strong>{period.ownerId ? period.ownerName : pool || t("customers.ownership.pool")}</strong>
        <span>{t(`enums.OwnershipReason.${period.reason}`)}</span>
        <EntryLabel dictionary="return_reason" code={period.reasonCode} />
      </Flex>
      {period.note && <span>{period.note}</span>}
      <Typography.Text type="secondary">
        <Time value={period.startTime} /> – {period.endTime ? <Time value={period.endTime} /> : t("customers.ownership.now")}
        {period.actorName && ` · ${period.actorName}`}
      </Typography.Text>
    </Flex>
  );
}
