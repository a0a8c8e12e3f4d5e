import { describe, expect, it } from "vitest";
import { wantsMore, windowOf } from "./window";

const view = { gone: 0, height: 800, rowHeight: 47, count: 5000 };

describe("the window of a long list", () => {
  it("holds what is seen and some rows around it, however long the list is", () => {
    expect(windowOf(view)).toEqual({ first: 0, last: 40 });
    const { first, last } = windowOf({ ...view, gone: 4000 * 47 });
    expect(first).toBeLessThanOrEqual(3980);
    expect(last).toBeGreaterThanOrEqual(4018 + 20);
    expect(last - first).toBeLessThan(90);
  });

  it("moves in steps", () => {
    expect(windowOf({ ...view, gone: 1001 * 47 })).toEqual(windowOf({ ...view, gone: 1002 * 47 }));
  });

  it("ends with the list, and is the list where that is short", () => {
    expect(windowOf({ ...view, gone: 9_000_000 }).last).toBe(5000);
    expect(windowOf({ ...view, count: 100 })).toEqual({ first: 0, last: 100 });
    expect(windowOf({ ...view, count: 0 })).toEqual({ first: 0, last: 0 });
  });

  it("asks for more before the end is seen", () => {
    expect(wantsMore({ first: 0, last: 40 }, 50)).toBe(true);
    expect(wantsMore({ first: 0, last: 40 }, 250)).toBe(false);
  });
});
