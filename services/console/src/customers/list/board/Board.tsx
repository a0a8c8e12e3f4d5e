// 看板: a column for each value of a field. A card goes to another column by mouse, or by keyboard: Space lifts it, arrows carry
// it, Space puts it down.
import { useMemo, useRef, useState, type KeyboardEvent } from "react";
import { useQueryClient, type InfiniteData } from "@tanstack/react-query";
import { Flex } from "antd";
import { useTranslation } from "react-i18next";
import type { Customer } from "@/api/types";
import { useAccess } from "@/app/access";
import { useNotices } from "@/shared/notices";
import { updateCustomer } from "../../api";
import type { Attribute } from "../../attributes";
import { useEntries, useEntryName } from "../../dictionaries/entries";
import type { PlainValue } from "../../fields/values";
import { useLiveCustomers } from "../../live/useLiveCustomers";
import { cellPatch, cellValue, isOpen, withPatch } from "../edit/editable";
import { putRow } from "../edit/rows";
import { BoardLane, laneKey } from "./BoardLane";
import { boardColumns, withCard, within, without, type BoardColumn } from "./columns";
import "./board.css";

interface BoardProps {
  attribute: Attribute;
  filter: string;
  orderBy: string;
  /** What a card tells beside the name. */
  columns: Attribute[];
}

type Pages = InfiniteData<{ customers: Customer[]; totalCount?: string }>;

/** A change that others make is looked at when no more come for so long. */
const restMillis = 1000;
const nothing: ReadonlySet<string> = new Set();

export function Board({ attribute, filter, orderBy, columns }: BoardProps) {
  const { t } = useTranslation();
  const { reaches } = useAccess();
  const notices = useNotices();
  const queries = useQueryClient();
  const { index } = useEntries(attribute.dictionary);
  const nameOf = useEntryName();
  const frame = useRef<HTMLDivElement>(null);
  const [lifted, setLifted] = useState<{ customer: Customer; over: number }>();
  const [said, setSaid] = useState("");
  const lanes = useMemo(() => boardColumns(attribute, index.list), [attribute, index]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const reload = () => queries.invalidateQueries({ queryKey: ["customers", "board"] });
  const reloadSoon = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => void reload(), restMillis);
  };
  useLiveCustomers(filter, { onBegin: () => undefined, onUpdate: reloadSoon });

  const labelOf = (column: BoardColumn): string => {
    const entry = index.byCode.get(column.key);
    if (entry) return nameOf(entry);
    if (column.key === "") return t("lists.board.none");
    if (attribute.kind === "enum") return t(`enums.${attribute.enumName ?? "CustomerKind"}.${column.key}` as "enums.CustomerKind.CUSTOMER_KIND_PERSON");
    if (attribute.kind === "boolean") return t(column.key === "true" ? "common.yes" : "common.no");
    return attribute.kind === "satisfaction" ? "★".repeat(Number(column.key)) : column.key;
  };
  const key = (column: BoardColumn) => laneKey(within(filter, column.condition), orderBy);
  const mayMove = (customer: Customer) => isOpen(customer, attribute, nothing) && reaches("PERMISSION_CUSTOMERS_UPDATE", customer);

  /** From one column's cards to another's; the service has the last word. */
  const shift = (customer: Customer, from: BoardColumn | undefined, to: BoardColumn) => {
    if (from) queries.setQueryData<Pages>(key(from), (data) => data && { ...data, pages: without(data.pages, customer.id) });
    queries.setQueryData<Pages>(key(to), (data) => data && { ...data, pages: withCard(data.pages, customer) });
  };
  const laneOf = (customer: Customer) => {
    const value = cellValue(customer, attribute);
    return lanes.find((lane) => sameValue(lane.value, value));
  };
  const write = async (customer: Customer, to: BoardColumn): Promise<Customer | undefined> => {
    const patch = cellPatch(customer, attribute, to.value);
    if (patch.mask.length === 0) return undefined;
    const from = laneOf(customer);
    shift(withPatch(customer, attribute, patch), from, to);
    try {
      const saved = await updateCustomer(customer.id, { ...patch.body, etag: customer.etag }, patch.mask);
      putRow(queries, saved);
      return saved;
    } catch (fault) {
      if (from) shift(customer, to, from);
      notices.fault(fault);
      await reload();
      return undefined;
    }
  };
  const move = async (customer: Customer, to: BoardColumn) => {
    const from = laneOf(customer);
    const saved = await write(customer, to);
    if (!saved) return;
    const text = t("lists.board.moved", { name: saved.name, column: labelOf(to) });
    setSaid(text);
    notices.undoable(text, () => void (from && write(saved, from).then((restored) => restored && notices.done(t("common.undone")))), "undo-card");
  };

  const focusCard = (lane: number, place: number) => {
    const cards = frame.current?.querySelectorAll(`[data-lane="${lane}"] [data-card]`);
    const card = cards?.item(Math.min(place, cards.length - 1));
    if (card instanceof HTMLElement) card.focus();
    return card instanceof HTMLElement;
  };
  const onCardKey = (event: KeyboardEvent, customer: Customer, lane: number, place: number) => {
    if (event.target !== event.currentTarget) return;
    const sideways = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (lifted?.customer.id === customer.id) {
      event.preventDefault();
      if (sideways) {
        const over = Math.min(Math.max(0, lifted.over + sideways), lanes.length - 1);
        setLifted({ customer, over });
        const target = lanes[over];
        if (target) setSaid(t("lists.board.over", { column: labelOf(target) }));
      } else if (event.key === " " || event.key === "Enter") {
        const target = lanes[lifted.over];
        setLifted(undefined);
        if (target) void move(customer, target).then(() => focusCard(lifted.over, 0));
      } else if (event.key === "Escape") {
        setLifted(undefined);
        setSaid(t("lists.board.left"));
      }
      return;
    }
    if (event.key === " " && mayMove(customer)) {
      event.preventDefault();
      setLifted({ customer, over: lane });
      setSaid(t("lists.board.lifted", { name: customer.name }));
    } else if (event.key === "Enter") {
      (event.currentTarget as HTMLElement).querySelector("a")?.click();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (event.key === "ArrowDown" || place > 0) focusCard(lane, place + (event.key === "ArrowDown" ? 1 : -1));
    } else if (sideways) {
      event.preventDefault();
      for (let next = lane + sideways; next >= 0 && next < lanes.length; next += sideways) if (focusCard(next, place)) return;
    }
  };
  const drop = (column: BoardColumn) => {
    const customer = lifted?.customer;
    setLifted(undefined);
    if (customer) void move(customer, column);
  };
  return (
    <>
      <span className="heard-only" role="status">
        {said}
      </span>
      <span className="heard-only" id="board-hint">
        {t("lists.board.hint")}
      </span>
      <Flex ref={frame} gap={12} align="stretch" className="board" data-testid="board">
        {lanes.map((column, lane) => (
          <BoardLane
            key={column.key}
            lane={lane}
            column={column}
            attribute={attribute}
            label={labelOf(column)}
            filter={within(filter, column.condition)}
            orderBy={orderBy}
            told={columns}
            isTarget={lifted?.over === lane}
            lifted={lifted?.customer.id}
            mayMove={mayMove}
            onLift={(customer) => setLifted(customer && { customer, over: lane })}
            onOver={() => setLifted((now) => now && { ...now, over: lane })}
            onDrop={() => drop(column)}
            onCardKey={onCardKey}
          />
        ))}
      </Flex>
    </>
  );
}

const sameValue = (left: PlainValue, right: PlainValue) => String(left || "") === String(right || "");
