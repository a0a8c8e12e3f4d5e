import { describe, expect, it } from "vitest";
import { readChoice, writeChoice } from "./choice";

describe("the report's address", () => {
  it("holds the whole choice", () => {
    const choice = { dimension: "DIMENSION_INDUSTRY", series: "DIMENSION_LEVEL", asOf: "2026-01-31T15:59:59.999Z", regionLevel: 2, filter: "kind = PERSON", chart: "bar" } as const;
    expect(readChoice(writeChoice(new URLSearchParams(), choice))).toEqual(choice);
  });

  it("shows regions as a pie when nothing is chosen, months as a line", () => {
    expect(readChoice(new URLSearchParams())).toMatchObject({ dimension: "DIMENSION_REGION", chart: "pie" });
    expect(readChoice(new URLSearchParams("by=month")).chart).toBe("line");
  });

  it("never breaks a dimension down by itself, and offers only charts that fit", () => {
    expect(readChoice(new URLSearchParams("by=level&then=level")).series).toBeUndefined();
    expect(readChoice(new URLSearchParams("by=level&then=source&chart=pie")).chart).toBe("stacked");
    expect(readChoice(new URLSearchParams("by=nonsense&regionLevel=9"))).toMatchObject({ dimension: "DIMENSION_REGION", regionLevel: undefined });
  });
});
