// Slices → what charts, the table and the file show; pure.
import type { Slice } from "@/api/types";

export type Namer = (key: string, label: string | undefined) => string;

export interface Row {
  key: string;
  name: string;
  count: number;
  /** By the key of the second dimension; each leads to its own customers. */
  parts: Map<string, Part>;
  other: boolean;
}

export interface Part {
  count: number;
  filter: string;
}

export interface Table {
  rows: Row[];
  series: { key: string; name: string }[];
  total: number;
}

const otherKey = "\u0000other";

/** Sums slices of the same key up, one part a series; the order of the answer stays. */
export function tableOf(slices: readonly Slice[], nameKey: Namer, nameSeries: Namer, otherName: string): Table {
  const rows = new Map<string, Row>();
  const series = new Map<string, string>();
  for (const slice of slices) {
    const key = slice.other ? otherKey : slice.key;
    const count = Number(slice.count);
    const name = slice.other ? otherName : nameKey(slice.key, slice.label);
    const row = rows.get(key) ?? { key, name, count: 0, parts: new Map<string, Part>(), other: slice.other };
    row.count += count;
    row.parts.set(slice.seriesKey, { count: (row.parts.get(slice.seriesKey)?.count ?? 0) + count, filter: slice.filter });
    rows.set(key, row);
    if (!series.has(slice.seriesKey)) series.set(slice.seriesKey, nameSeries(slice.seriesKey, slice.seriesLabel));
  }
  const list = [...rows.values()];
  return {
    rows: list,
    series: [...series].map(([key, name]) => ({ key, name })),
    total: list.reduce((sum, row) => sum + row.count, 0),
  };
}

export function share(count: number, total: number): string {
  return total === 0 ? "0%" : `${((count / total) * 100).toFixed(1)}%`;
}

/** The customers behind a place of the chart; nothing where several sums were put together. */
export function filterAt(table: Table, rowIndex: number, seriesIndex: number): string | undefined {
  const row = table.rows[rowIndex];
  const series = table.series[table.series.length > 1 ? seriesIndex : 0];
  if (!row || row.other || !series) return undefined;
  return row.parts.get(series.key)?.filter;
}

/** RFC 4180 with a byte order mark, as spreadsheets expect; cells that they would run as a formula are defused. */
export function csvOf(table: Table, heads: { key: string; count: string; share: string }): string {
  const withSeries = table.series.length > 1;
  const head = [heads.key, ...(withSeries ? table.series.map(({ name }) => name) : []), heads.count, heads.share];
  const lines = table.rows.map((row) => [
    row.name,
    ...(withSeries ? table.series.map(({ key }) => String(row.parts.get(key)?.count ?? 0)) : []),
    String(row.count),
    share(row.count, table.total),
  ]);
  return "\uFEFF" + [head, ...lines].map((cells) => cells.map(cell).join(",")).join("\r\n") + "\r\n";
}

function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?\d+(\.\d+)?%?$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
