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
    expect(returnOf(new URLSearchParams("error=access_denied&error_description=Call%20us&state=a"))).toEqual({ refusal: { text: "refusals.denied", code: "access_denied" } });
    expect(returnOf(new URLSearchParams("error=login_required"))).toEqual({ refusal: { text: "refusals.other", code: "login_required" } });
    expect(returnOf(new URLSearchParams("error=Call%20us"))).toEqual({ refusal: { text: "failed", code: "" } });
    expect(returnOf(new URLSearchParams("code=b"))).toEqual({ refusal: { text: "failed", code: "" } });
  });
});
