import { describe, expect, it } from "vitest";
import { placeAfter, toggled, withRange } from "./keys";

const size = { rows: 100, columns: 5, page: 15 };
const after = (key: string, row: number, column: number) => placeAfter(key, { row, column }, size);

describe("keys in a grid", () => {
  it("move by cells, pages and to the ends, and not beyond", () => {
    expect(after("ArrowDown", 0, 2)).toEqual({ row: 1, column: 2 });
    expect(after("ArrowUp", 0, 2)).toEqual({ row: 0, column: 2 });
    expect(after("ArrowRight", 3, 4)).toEqual({ row: 3, column: 4 });
    expect(after("PageDown", 90, 0)).toEqual({ row: 99, column: 0 });
    expect(after("PageUp", 20, 0)).toEqual({ row: 5, column: 0 });
    expect(after("End", 3, 1)).toEqual({ row: 99, column: 1 });
    expect(after("Home", 3, 1)).toEqual({ row: 0, column: 1 });
    expect(after("x", 3, 1)).toBeUndefined();
    expect(placeAfter("End", { row: 0, column: 0 }, { ...size, rows: 0 })).toBeUndefined();
  });

  it("draw ranges in either direction on top of what was selected", () => {
    const ids = ["a", "b", "c", "d", "e"];
    expect(withRange(["e"], ids, 1, 2)).toEqual(["e", "b", "c"]);
    expect(withRange([], ids, 3, 1)).toEqual(["b", "c", "d"]);
    expect(toggled(["a"], "a")).toEqual([]);
    expect(toggled(["a"], "b")).toEqual(["a", "b"]);
  });
});
