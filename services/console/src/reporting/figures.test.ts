import { describe, expect, it } from "vitest";
import type { Slice } from "@/api/types";
import { csvOf, filterAt, share, tableOf } from "./figures";

const slice = (key: string, count: number, more: Partial<Slice> = {}): Slice =>
  ({ key, label: "", seriesKey: "", seriesLabel: "", count: String(count), other: false, filter: `level = "${key}"`, ...more });
const asIs = (key: string) => key || "(none)";

describe("the composition's figures", () => {
  it("add the parts of a slice up and keep its order", () => {
    const table = tableOf([slice("vip", 5, { seriesKey: "a" }), slice("vip", 2, { seriesKey: "b" }), slice("", 1, { seriesKey: "a" })], asIs, asIs, "Other");
    expect(table.rows.map((row) => [row.name, row.count])).toEqual([["vip", 7], ["(none)", 1]]);
    expect(table.series.map(({ key }) => key)).toEqual(["a", "b"]);
    expect(table.rows[0]?.parts.get("b")?.count).toBe(2);
    expect(table.total).toBe(8);
  });

  it("keep the sum of the rest apart from customers without a value", () => {
    const table = tableOf([slice("", 1), slice("", 9, { other: true })], asIs, asIs, "Other");
    expect(table.rows.map((row) => [row.name, row.count])).toEqual([["(none)", 1], ["Other", 9]]);
  });

  it("are shares of the whole", () => {
    expect(share(1, 3)).toBe("33.3%");
    expect(share(0, 0)).toBe("0%");
  });
});

describe("the composition as a file", () => {
  it("opens in a spreadsheet: byte order mark, quoted commas and quotes", () => {
    const csv = csvOf(tableOf([slice('a,"b"', 3)], asIs, asIs, "Other"), { key: "级别", count: "客户数", share: "占比" });
    expect(csv).toBe('\uFEFF级别,客户数,占比\r\n"a,""b""",3,100.0%\r\n');
  });

  it("has a column a series", () => {
    const csv = csvOf(tableOf([slice("x", 1, { seriesKey: "a" }), slice("y", 2, { seriesKey: "b" })], asIs, asIs, "Other"), { key: "k", count: "n", share: "s" });
    expect(csv.split("\r\n").slice(0, 3)).toEqual(["\uFEFFk,a,b,n,s", "x,1,0,1,33.3%", "y,0,2,2,66.7%"]);
  });

  it("doesn't let names become formulas", () => {
    expect(csvOf(tableOf([slice("=HYPERLINK(1)", 1)], asIs, asIs, "Other"), { key: "k", count: "n", share: "s" })).toContain("'=HYPERLINK(1)");
  });
});

describe("drilling down", () => {
  const parts = tableOf([slice("vip", 5, { seriesKey: "a", filter: "f1" }), slice("vip", 2, { seriesKey: "b", filter: "f2" }), slice("", 9, { other: true, filter: "" })], asIs, asIs, "Other");

  it("leads to the customers of the part that was picked", () => {
    expect(filterAt(parts, 0, 0)).toBe("f1");
    expect(filterAt(parts, 0, 1)).toBe("f2");
    const plain = tableOf([slice("vip", 5), slice("key", 2)], asIs, asIs, "Other");
    expect(filterAt(plain, 1, 0)).toBe('level = "key"');
  });

  it("leads nowhere from the rest and from where nothing is", () => {
    expect(filterAt(parts, 1, 0)).toBeUndefined();
    expect(filterAt(parts, 7, 0)).toBeUndefined();
  });
});
