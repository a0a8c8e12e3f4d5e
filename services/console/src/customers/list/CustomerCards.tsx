import { Card, Checkbox, Flex, Typography } from "antd";
import { Link } from "react-router";
import type { Customer } from "@/api/types";
import { PersonAvatar } from "@/shared/PersonAvatar";
import { attributeValue, AttributeValue } from "../AttributeValue";
import type { Attribute } from "../attributes";
import { EntryLabel } from "../dictionaries/pickers";

interface CustomerCardsProps {
  rows: Customer[];
  columns: Attribute[];
  selected?: string[];
  onSelect?: (ids: string[]) => void;
  rowActions?: (customer: Customer) => React.ReactNode;
}

const shownInHead = new Set(["name", "level"]);

/** The list on a phone: the same columns, one card a customer. */
export function CustomerCards({ rows, columns, selected = [], onSelect, rowActions }: CustomerCardsProps) {
  return (
    <Flex vertical gap={8} data-testid="customers">
      {rows.map((customer) => (
        <Card key={customer.id} size="small">
          <Flex gap={12} align="flex-start">
            <PersonAvatar name={customer.name} square={customer.kind === "CUSTOMER_KIND_ORGANIZATION"} />
            <Flex vertical flex={1} gap={4} style={{ minWidth: 0 }}>
              <Flex justify="space-between" align="flex-start" gap={8}>
                <Link to={`/customers/${customer.id}`} style={{ fontWeight: 600 }}>
                  {customer.name}
                </Link>
                <EntryLabel dictionary="level" code={customer.level} />
              </Flex>
              {columns
                .filter((attribute) => !shownInHead.has(attribute.path) && Boolean(attributeValue(customer, attribute)))
                .slice(0, 6)
                .map((attribute) => (
                  <Flex key={attribute.path} gap={8}>
                    <Typography.Text type="secondary" style={{ flex: "0 0 84px", fontSize: 13 }}>
                      {attribute.label}
                    </Typography.Text>
                    <span style={{ fontSize: 13, minWidth: 0 }}>
                      <AttributeValue customer={customer} attribute={attribute} />
                    </span>
                  </Flex>
                ))}
              {rowActions?.(customer)}
            </Flex>
            {onSelect && (
              <Checkbox
                aria-label={customer.name}
                checked={selected.includes(customer.id)}
                onChange={(event) => onSelect(event.target.checked ? [...selected, customer.id] : selected.filter((id) => id !== customer.id))}
              />
            )}
          </Flex>
        </Card>
      ))}
    </Flex>
  );
}
