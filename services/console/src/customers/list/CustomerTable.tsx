import { Flex, Typography } from "antd";
import { BankOutlined, UserOutlined } from "@ant-design/icons";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import type { Customer } from "@/api/types";
import { Grid, type GridColumn, type GridEdits } from "@/shared/grid/Grid";
import { Time } from "@/shared/Time";
import { attributeValue, AttributeValue } from "../AttributeValue";
import type { Attribute } from "../attributes";
import { TagChips } from "../tags/TagChips";

interface CustomerTableProps {
  rows: Customer[];
  columns: Attribute[];
  orderBy: string;
  onOrder?: (orderBy: string) => void;
  selected?: string[];
  onSelect?: (ids: string[]) => void;
  loading: boolean;
  /** Through whom a customer was found. */
  foundBy?: Map<string, string>;
  rowActions?: (customer: Customer) => React.ReactNode;
  edits?: GridEdits<Customer>;
  onMore?: () => void;
}

// The standard columns fit a common screen side by side.
const widths: Record<string, number> = { name: 248, number: 104, region: 120, industry: 96, remark: 240, email: 190, website: 190, source: 104, kind: 112, level: 88, phone: 124, owner_id: 104 };
const kindWidths: Partial<Record<Attribute["kind"], number>> = { timestamp: 100, date: 110, boolean: 90 };
// English heads are longer: what they need beyond, the name gives.
const englishWidths: Record<string, number> = { ...widths, name: 218, last_contact_time: 130 };

const widthOf = (attribute: Attribute, chinese: boolean) => (chinese ? widths : englishWidths)[attribute.path] ?? kindWidths[attribute.kind] ?? 140;

/** One line a row: what is longer is cut off, so that the eye finds its way down the columns. */
const cut = new Set<Attribute["kind"]>(["text", "longText", "dictionary", "tree", "employee", "group"]);

export function CustomerTable({ columns, foundBy, ...rest }: CustomerTableProps) {
  const navigate = useNavigate();
  const { i18n } = useTranslation();
  const gridColumns = columns.map(
    (attribute): GridColumn<Customer> => ({
      key: attribute.path,
      title: attribute.label,
      width: widthOf(attribute, i18n.language.startsWith("zh")),
      cut: attribute.path !== "name" && cut.has(attribute.kind),
      fixed: attribute.path === "name",
      sortable: attribute.sortable,
      render: (customer) =>
        attribute.path === "name" ? <NameCell customer={customer} contact={foundBy?.get(customer.id)} /> : <Cell customer={customer} attribute={attribute} />,
    }),
  );
  return <Grid<Customer> columns={gridColumns} uneven={foundBy !== undefined} onOpen={(customer) => void navigate(`/customers/${customer.id}`)} testId="customers" {...rest} />;
}

/** A day is what the eye compares down a column; the title has the full time. */
function Cell({ customer, attribute }: { customer: Customer; attribute: Attribute }) {
  const value = attributeValue(customer, attribute);
  if (attribute.kind === "timestamp" && value) return <Time value={String(value)} as="date" />;
  return <AttributeValue customer={customer} attribute={attribute} />;
}

/** Beside a name; the column of tags has all of them. */
const shownTags = 2;

export function NameCell({ customer, contact }: { customer: Customer; contact?: string }) {
  const Icon = customer.kind === "CUSTOMER_KIND_ORGANIZATION" ? BankOutlined : UserOutlined;
  return (
    <Flex align="center" gap={8} style={{ minWidth: 0 }}>
      <Typography.Text type="secondary">
        <Icon aria-hidden />
      </Typography.Text>
      <Flex vertical style={{ minWidth: 0 }}>
        <Flex gap={6} align="center">
          <Link to={`/customers/${customer.id}`} className="one-line" style={{ fontWeight: 500 }} title={customer.name}>
            {customer.name}
          </Link>
          <TagChips tags={customer.tags.slice(0, shownTags)} />
        </Flex>
        {contact && (
          <Typography.Text type="secondary" style={{ fontSize: 12 }}>
            {contact}
          </Typography.Text>
        )}
      </Flex>
    </Flex>
  );
}
