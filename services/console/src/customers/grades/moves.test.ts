import { describe, expect, it } from "vitest";
import { table, told } from "./moves";

describe("moves", () => {
  it("are told apart from staying, the most first", () => {
    const { moving, movingCount, stayingCount } = told([
      { before: "", after: "a", customerCount: "2" },
      { before: "a", after: "a", customerCount: "7" },
      { before: "b", after: "a", customerCount: "3" },
    ]);
    expect(moving.map(({ before }) => before)).toEqual(["b", ""]);
    expect([movingCount, stayingCount]).toEqual([5, 7]);
  });

  it("add up at the margins of a table", () => {
    const counts = table([
      { row: "high", column: "low", customerCount: "2" },
      { row: "high", column: "", customerCount: "1" },
      { row: "", column: "low", customerCount: "4" },
    ]);
    expect([counts.at("high", "low"), counts.at("low", "low")]).toEqual([2, 0]);
    expect([counts.ofRow("high"), counts.ofColumn("low"), counts.all]).toEqual([3, 6, 7]);
  });
});
