import { describe, expect, it } from "vitest";
import { eventTree, withoutCovered } from "./events";

describe("the events of an endpoint", () => {
  it("stand below their services", () => {
    const [all] = eventTree([
      { type: "customers.customer_changed", description: "a" },
      { type: "identity.group_changed", description: "b" },
      { type: "customers.contact_changed", description: "c" },
    ]);
    expect(all?.value).toBe("*");
    expect(all?.children?.map(({ value, children }) => [value, children?.map((child) => child.value)])).toEqual([
      ["customers.*", ["customers.customer_changed", "customers.contact_changed"]],
      ["identity.*", ["identity.group_changed"]],
    ]);
  });

  it("are named once: the widest choice stands for what it covers", () => {
    expect(withoutCovered(["customers.*", "*", "identity.group_changed"])).toEqual(["*"]);
    expect(withoutCovered(["customers.customer_changed", "customers.*", "identity.group_changed"])).toEqual(["customers.*", "identity.group_changed"]);
    expect(withoutCovered([])).toEqual([]);
  });
});
