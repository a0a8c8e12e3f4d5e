import { useState } from "react";
import { useQuery } from "@tanstack/react-query";
import { Card, Flex, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Customer } from "@/api/types";
import { readStored } from "@/app/preferences";
import { listCustomers } from "@/customers/api";
import { EntryLabel } from "@/customers/dictionaries/pickers";
import { recentKey, type RecentCustomer } from "@/customers/record/recent";
import { Loaded, Nothing } from "@/shared/states";
import { PersonAvatar } from "@/shared/PersonAvatar";
import { Time } from "@/shared/Time";

/** The customers one looked at last, in this browser. */
export function RecentCard({ employeeId }: { employeeId: string | undefined }) {
  const { t } = useTranslation();
  const [recent] = useState(() => readStored<RecentCustomer[]>(recentKey(employeeId) ?? "", []));
  if (recent.length === 0) return null;
  return (
    <Card title={t("app.workbench.recent")} size="small" data-testid="recent">
      <Flex wrap gap={8}>
        {recent.map((customer) => (
          <Link key={customer.id} to={`/customers/${customer.id}`}>
            <Flex gap={8} align="center" style={{ width: 168 }}>
              <PersonAvatar name={customer.name} size={24} square={customer.kind === "CUSTOMER_KIND_ORGANIZATION"} />
              <Typography.Text ellipsis>{customer.name}</Typography.Text>
            </Flex>
          </Link>
        ))}
      </Flex>
    </Card>
  );
}

const shown = 6;

/** One's own customers, the last changed first. */
export function MineCard() {
  const { t } = useTranslation();
  const mine = useQuery({
    queryKey: ["customers", "mine"],
    queryFn: () => listCustomers({ filter: "owner_id = me()", orderBy: "update_time desc", pageSize: shown }),
  });
  return (
    <Card
      title={t("app.workbench.mine")}
      size="small"
      extra={<Link to={`/customers?filter=${encodeURIComponent("owner_id = me()")}`}>{t("common.all")}</Link>}
      data-testid="mine"
    >
      <Loaded query={mine} small>
        {({ customers }) =>
          customers.length === 0 ? (
            <Nothing text={t("app.workbench.nothing.mine")} />
          ) : (
            <Flex vertical gap={10} component="ul" style={{ listStyle: "none", margin: 0, padding: 0 }}>
              {customers.map((customer) => (
                <li key={customer.id}>
                  <MineRow customer={customer} />
                </li>
              ))}
            </Flex>
          )
        }
      </Loaded>
    </Card>
  );
}

function MineRow({ customer }: { customer: Customer }) {
  return (
    <Flex gap={10} align="center">
      <PersonAvatar name={customer.name} size={26} square={customer.kind === "CUSTOMER_KIND_ORGANIZATION"} />
      <Link to={`/customers/${customer.id}`} style={{ flex: 1, minWidth: 0 }}>
        {customer.name}
      </Link>
      <EntryLabel dictionary="level" code={customer.level} />
      <Typography.Text type="secondary" style={{ fontSize: 12 }}>
        <Time value={customer.lastContactTime} as="relative" />
      </Typography.Text>
    </Flex>
  );
}
