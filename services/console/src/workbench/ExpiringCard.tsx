import { useQuery } from "@tanstack/react-query";
import { Card, Flex, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { listExpiringCustomers } from "@/customers/api";
import { Time } from "@/shared/Time";

const shown = 5;

/** One's own customers that go back to a pool soon unless somebody contacts them. Not there while there are none. */
export function ExpiringCard() {
  const { t } = useTranslation();
  const expiring = useQuery({ queryKey: ["expiring"], queryFn: () => listExpiringCustomers(shown) });
  const customers = expiring.data?.customers ?? [];
  if (customers.length === 0) return null;
  return (
    <Card title={t("app.workbench.expiring")} size="small" data-testid="expiring">
      <Flex vertical gap={10} component="ul" style={{ listStyle: "none", margin: 0, padding: 0 }}>
        {customers.map((customer) => (
          <li key={customer.id}>
            <Flex gap={10} align="center">
              <Link to={`/customers/${customer.id}`} className="one-line" style={{ flex: 1, minWidth: 0 }}>
                {customer.name}
              </Link>
              <Typography.Text type="warning" style={{ fontSize: 12 }}>
                <Time value={customer.recycleTime} as="relative" />
              </Typography.Text>
            </Flex>
          </li>
        ))}
      </Flex>
    </Card>
  );
}
