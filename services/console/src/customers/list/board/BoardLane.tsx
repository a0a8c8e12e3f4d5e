import type { KeyboardEvent } from "react";
import { Button, Card, Flex, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { usePages } from "@/api/pages";
import type { Customer } from "@/api/types";
import { Fault } from "@/shared/states";
import { listCustomers } from "../../api";
import { attributeValue, AttributeValue } from "../../AttributeValue";
import type { Attribute } from "../../attributes";
import { EntryLabel } from "../../dictionaries/pickers";
import { belongs, type BoardColumn } from "./columns";

export const laneKey = (filter: string, orderBy: string) => ["customers", "board", filter, orderBy];

interface BoardLaneProps {
  lane: number;
  column: BoardColumn;
  attribute: Attribute;
  label: string;
  filter: string;
  orderBy: string;
  told: Attribute[];
  /** Where the lifted card would go. */
  isTarget: boolean;
  lifted: string | undefined;
  mayMove: (customer: Customer) => boolean;
  onLift: (customer: Customer | undefined) => void;
  onOver: () => void;
  onDrop: () => void;
  onCardKey: (event: KeyboardEvent, customer: Customer, lane: number, place: number) => void;
}

const pageSize = 20;
const mostTold = 3;

export function BoardLane({ lane, column, attribute, label, filter, orderBy, told, isTarget, lifted, mayMove, onLift, onOver, onDrop, onCardKey }: BoardLaneProps) {
  const { t } = useTranslation();
  const query = usePages(laneKey(filter, orderBy), (pageToken) =>
    listCustomers({ filter, orderBy: orderBy || undefined, pageSize, pageToken, count: pageToken === undefined }),
  );
  const first = query.data?.pages[0];
  const cards = (query.data?.pages.flatMap((page) => page.customers) ?? []).filter((customer) => belongs(customer, attribute, column));
  const total = Number(first?.totalCount ?? 0).toLocaleString();
  return (
    <section
      className={isTarget ? "board-lane board-lane-target" : "board-lane"}
      aria-label={label}
      data-lane={lane}
      data-testid="board-lane"
      onDragOver={(event) => {
        if (!lifted) return;
        event.preventDefault();
        if (!isTarget) onOver();
      }}
      onDrop={(event) => {
        event.preventDefault();
        onDrop();
      }}
    >
      <Flex justify="space-between" align="center" className="board-head">
        {attribute.kind === "dictionary" && column.key ? <EntryLabel dictionary={attribute.dictionary ?? ""} code={column.key} /> : <strong>{label}</strong>}
        <Typography.Text type="secondary" className="tabular" data-testid="board-count">
          {first?.totalEstimated ? `≈ ${total}` : total}
        </Typography.Text>
      </Flex>
      <div role="list" className="board-cards">
        {query.error && !query.data ? <Fault fault={query.error} retry={() => void query.refetch()} small /> : null}
        {cards.map((customer, place) => (
          <Card
            key={customer.id}
            size="small"
            role="listitem"
            tabIndex={0}
            data-card={customer.id}
            className={lifted === customer.id ? "board-card board-card-lifted" : "board-card"}
            aria-label={customer.name}
            aria-describedby="board-hint"
            draggable={mayMove(customer)}
            onDragStart={(event) => {
              event.dataTransfer.effectAllowed = "move";
              event.dataTransfer.setData("text/plain", customer.name);
              onLift(customer);
            }}
            onDragEnd={() => onLift(undefined)}
            onKeyDown={(event) => onCardKey(event, customer, lane, place)}
          >
            <Flex vertical gap={4}>
              <Link to={`/customers/${customer.id}`} tabIndex={-1} draggable={false} style={{ fontWeight: 500 }}>
                {customer.name}
              </Link>
              {told
                .filter((other) => other.path !== attribute.path && other.path !== "name" && Boolean(attributeValue(customer, other)))
                .slice(0, mostTold)
                .map((other) => (
                  <Flex key={other.path} gap={6} style={{ fontSize: 12, minWidth: 0 }}>
                    <Typography.Text type="secondary" style={{ fontSize: 12, flex: "none" }}>
                      {other.label}
                    </Typography.Text>
                    <span className="one-line">
                      <AttributeValue customer={customer} attribute={other} />
                    </span>
                  </Flex>
                ))}
            </Flex>
          </Card>
        ))}
        {query.hasNextPage && (
          <Button type="text" block loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t("common.loadMore")}
          </Button>
        )}
      </div>
    </section>
  );
}
