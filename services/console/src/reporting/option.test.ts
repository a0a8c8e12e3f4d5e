import { describe, expect, it } from "vitest";
import type { Table } from "./figures";
import { chartOption } from "./option";

const row = (name: string, count: number) => ({ key: name, name, count, parts: new Map(), other: false });
const tableOf = (...rows: Table["rows"]): Table => ({ rows, series: [], total: rows.reduce((sum, { count }) => sum + count, 0) });
const legendOf = (table: Table, phone: boolean) => {
  const { legend } = chartOption(table, "pie", {} as Parameters<typeof chartOption>[2], phone, "Others");
  return legend as { formatter: (name: string) => string } | undefined;
};

describe("a pie's legend", () => {
  it("tells the shares on a phone, where nothing can be hovered", () => {
    expect(legendOf(tableOf(row("A", 3), row("B", 1)), true)?.formatter("A")).toBe("A  75.0%");
    expect(legendOf(tableOf(row("A", 3), row("B", 1)), false)).toBeUndefined();
  });

  it("sums the slices up that are too many", () => {
    const many = Array.from({ length: 20 }, (_, place) => row(String(place), 1));
    expect(legendOf(tableOf(...many), true)?.formatter("Others")).toBe("Others  40.0%");
  });
});
