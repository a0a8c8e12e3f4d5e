// The columns of a board: one for each value of a field, and one for what has none; pure.
import type { Customer, DictionaryEntry } from "@/api/types";
import type { Attribute } from "../../attributes";
import type { PlainValue } from "../../fields/values";
import { cellValue } from "../edit/editable";

export interface BoardColumn {
  key: string;
  /** What a card takes over that is put here. */
  value: PlainValue;
  /** What finds the cards. */
  condition: string;
}

/** Fields that have one of few values. */
export const isBoardField = (attribute: Attribute) =>
  attribute.editable && ["dictionary", "enum", "satisfaction", "boolean"].includes(attribute.kind) && !attribute.only;

const most = 30;
const quoted = (text: string) => `"${text.replace(/["\\]/g, "\\$&")}"`;

export function boardColumns(attribute: Attribute, entries: readonly DictionaryEntry[]): BoardColumn[] {
  const { path, kind } = attribute;
  const none: BoardColumn = { key: "", value: kind === "satisfaction" ? 0 : "", condition: kind === "satisfaction" ? `${path} = 0` : `NOT ${path}:*` };
  switch (kind) {
    case "dictionary":
      return [none, ...entries.filter(({ retired }) => !retired).slice(0, most).map(({ code }) => ({ key: code, value: code, condition: `${path} = ${quoted(code)}` }))];
    case "enum":
      return (attribute.options ?? []).map(({ value, filterValue }) => ({ key: value, value, condition: `${path} = ${filterValue}` }));
    case "satisfaction":
      return [none, ...[1, 2, 3, 4, 5].map((stars) => ({ key: String(stars), value: stars, condition: `${path} = ${stars}` }))];
    default:
      return [none, ...[false, true].map((value) => ({ key: String(value), value, condition: `${path} = ${String(value)}` }))];
  }
}

export const within = (filter: string, condition: string) => (filter ? `(${filter}) AND ${condition}` : condition);

const textOf = (value: PlainValue) => (value === undefined || value === "" || value === 0 ? "" : String(value));

/** What has moved on is shown in its old column no longer, whatever was loaded for it. */
export const belongs = (customer: Customer, attribute: Attribute, column: BoardColumn) => textOf(cellValue(customer, attribute)) === textOf(column.value);

interface Page {
  customers: Customer[];
  totalCount?: string;
}

/** A column's pages without a card. */
export function without<P extends Page>(pages: P[], id: string): P[] {
  if (!pages.some(({ customers }) => customers.some((customer) => customer.id === id))) return pages;
  return pages.map((page, place) => ({ ...page, customers: page.customers.filter((customer) => customer.id !== id), ...(place === 0 && { totalCount: String(Number(page.totalCount ?? 0) - 1) }) }));
}

/** A column's pages with a card on top. */
export function withCard<P extends Page>(pages: P[], customer: Customer): P[] {
  const rest = without(pages, customer.id);
  return rest.map((page, place) => (place === 0 ? { ...page, customers: [customer, ...page.customers], totalCount: String(Number(page.totalCount ?? 0) + 1) } : page));
}
