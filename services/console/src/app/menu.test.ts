import { describe, expect, it } from "vitest";
import type { Deployment, Permission, Profile } from "@/api/types";
import { accessOf } from "./access";
import { currentEntry, visibleEntries } from "./menu";

const profile = (...permissions: Permission[]) => ({ grants: permissions.map((permission) => ({ permission, scope: "SCOPE_OWN" })) }) as unknown as Profile;
const deployment = (...names: string[]) => ({ version: "1", services: ["identity", "customers", "reporting"].map((name) => ({ name, present: names.includes(name), ready: true })) }) as Deployment;
const keys = (...args: Parameters<typeof accessOf>) => visibleEntries(accessOf(...args)).map((entry) => entry.key);

describe("the menu", () => {
  it("shows only what one's permissions open", () => {
    const shown = keys(profile("PERMISSION_CUSTOMERS_READ"), deployment("identity", "customers", "reporting"));
    expect(shown).toContain("customers");
    expect(shown).not.toContain("imports");
    expect(shown).not.toContain("composition");
    expect(shown).not.toContain("employees");
  });

  it("leaves out what isn't deployed, whatever one may do", () => {
    const everything: Permission[] = ["PERMISSION_CUSTOMERS_READ", "PERMISSION_REPORTS_READ", "PERMISSION_EMPLOYEES_READ"];
    expect(keys(profile(...everything), deployment("identity", "customers"))).not.toContain("composition");
    expect(keys(profile(...everything), deployment("identity"))).toEqual(["workbench", "employees", "groups"]);
  });

  it("grants nothing to nobody", () => {
    const access = accessOf(undefined, undefined);
    expect(access.can("PERMISSION_CUSTOMERS_READ")).toBe(false);
    expect(visibleEntries(access).every((entry) => entry.permission === undefined)).toBe(true);
  });

  it("marks the screen that is open, records included", () => {
    expect(currentEntry("/customers/0190-1")).toBe("/customers");
    expect(currentEntry("/")).toBe("/");
    expect(currentEntry("/profile")).toBeUndefined();
  });
});
