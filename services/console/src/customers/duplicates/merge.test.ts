import { describe, expect, it } from "vitest";
import type { Customer, DuplicateSearch } from "@/api/types";
import { mergeOrder, olderFirst, searchPercent } from "./merge";

const customer = (id: string, createTime: string) => ({ id, etag: `etag-${id}`, createTime }) as Customer;
const [one, two] = [customer("1", "2026-01-01T00:00:00Z"), customer("2", "2025-01-01T00:00:00Z")];

describe("a merge", () => {
  it("begins with the customer that is there longer", () => {
    expect(olderFirst([one, two]).map(({ id }) => id)).toEqual(["2", "1"]);
  });

  it("sends what was decided otherwise than by the rule", () => {
    const byRule = [
      { field: "name", customerId: "1" },
      { field: "phone", customerId: "1" },
    ];
    const chosen = { name: "2", phone: "1", remark: "2" };
    expect(mergeOrder([one, two], "1", "SURVIVORSHIP_NEWER", byRule, chosen)).toEqual({
      survivor: { id: "1", etag: "etag-1" },
      merged: [{ id: "2", etag: "etag-2" }],
      survivorship: "SURVIVORSHIP_NEWER",
      choices: [{ field: "name", customerId: "2" }],
    });
  });
});

describe("a search", () => {
  const search = (more: Partial<DuplicateSearch>) => ({ state: "DUPLICATE_SEARCH_STATE_RUNNING", readCount: "0", customerCount: "100", step: 0, stepCount: 6, ...more }) as DuplicateSearch;

  it("reads, then compares", () => {
    expect(searchPercent(search({}))).toBe(0);
    expect(searchPercent(search({ readCount: "50" }))).toBe(30);
    expect(searchPercent(search({ readCount: "100", step: 3 }))).toBe(80);
    expect(searchPercent(search({ readCount: "100", step: 6 }))).toBe(99);
    expect(searchPercent(search({ state: "DUPLICATE_SEARCH_STATE_COMPLETED" }))).toBe(100);
    expect(searchPercent(search({ customerCount: "0" }))).toBe(60);
  });
});
