import { describe, expect, it } from "vitest";
import { beginJourney, endJourney, returnOf } from "./journey";

describe("a journey to a provider", () => {
  it("ends once", () => {
    beginJourney({ purpose: "link", browserSecret: "s" });
    expect(endJourney()).toEqual({ purpose: "link", browserSecret: "s" });
    expect(endJourney()).toBeUndefined();
  });

  it("brings back a code, or what went wrong", () => {
    expect(returnOf(new URLSearchParams("state=a&code=b&iss=x"))).toEqual({ state: "a", code: "b" });
    expect(returnOf(new URLSearchParams("error=access_denied&error_description=Not%20today&state=a"))).toEqual({ error: "Not today" });
    expect(returnOf(new URLSearchParams("code=b"))).toEqual({ error: "" });
  });
});
