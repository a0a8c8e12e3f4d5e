import { describe, expect, it } from "vitest";
import type { Grant, PermissionEntry, Role } from "@/api/types";
import { catalogFor, draftOf, effects, groupsMissing, roleInput, withAudience, withScope } from "./scopes";

const grant = (permission: Grant["permission"], scope: Grant["scope"], groupIds: string[] = []): Grant => ({ permission, scope, groupIds });
const entry = (permission: Grant["permission"]): PermissionEntry => ({
  permission,
  service: "customers",
  operations: [],
  scopes: ["SCOPE_OWN", "SCOPE_GROUP", "SCOPE_ALL", "SCOPE_CHOSEN_GROUPS"],
});
const catalog = [entry("PERMISSION_CUSTOMERS_READ"), entry("PERMISSION_CUSTOMERS_CREATE"), entry("PERMISSION_REPORTS_READ")];

describe("a role's grants", () => {
  it("keep groups only with the scope that names them", () => {
    const chosen = withScope([], "PERMISSION_CUSTOMERS_READ", "SCOPE_CHOSEN_GROUPS", ["east"]);
    expect(chosen).toEqual([grant("PERMISSION_CUSTOMERS_READ", "SCOPE_CHOSEN_GROUPS", ["east"])]);
    expect(withScope(chosen, "PERMISSION_CUSTOMERS_READ", "SCOPE_GROUP", ["east"])).toEqual([grant("PERMISSION_CUSTOMERS_READ", "SCOPE_GROUP")]);
    expect(withScope(chosen, "PERMISSION_CUSTOMERS_READ", "none")).toEqual([]);
  });

  it("are incomplete while chosen groups are none", () => {
    expect(groupsMissing([grant("PERMISSION_CUSTOMERS_READ", "SCOPE_CHOSEN_GROUPS")])).toBe(true);
    expect(groupsMissing([grant("PERMISSION_CUSTOMERS_READ", "SCOPE_CHOSEN_GROUPS", ["east"]), grant("PERMISSION_CUSTOMERS_CREATE", "SCOPE_ALL")])).toBe(false);
  });

  it("say what changes, groups included, and nothing else", () => {
    const before = [grant("PERMISSION_CUSTOMERS_READ", "SCOPE_CHOSEN_GROUPS", ["east", "west"]), grant("PERMISSION_REPORTS_READ", "SCOPE_ALL")];
    const after = [grant("PERMISSION_CUSTOMERS_READ", "SCOPE_CHOSEN_GROUPS", ["west", "north"]), grant("PERMISSION_CUSTOMERS_CREATE", "SCOPE_ALL"), grant("PERMISSION_REPORTS_READ", "SCOPE_ALL")];
    expect(effects(before, after, catalog)).toEqual([
      { permission: "PERMISSION_CUSTOMERS_READ", before: "SCOPE_CHOSEN_GROUPS", after: "SCOPE_CHOSEN_GROUPS", added: 1, removed: 1 },
      { permission: "PERMISSION_CUSTOMERS_CREATE", before: "none", after: "SCOPE_ALL", added: 0, removed: 0 },
    ]);
  });
});

describe("a role for customers", () => {
  it("is offered what users of the portal may hold, and only for their own", () => {
    expect(catalogFor("ROLE_AUDIENCE_CUSTOMERS", catalog)).toEqual([{ ...catalog[0], scopes: ["SCOPE_OWN"] }]);
    expect(catalogFor("ROLE_AUDIENCE_EMPLOYEES", catalog)).toEqual(catalog);
  });

  it("drops what it can't hold when the draft becomes one", () => {
    const draft = { ...draftOf(undefined), grants: [grant("PERMISSION_CUSTOMERS_READ", "SCOPE_ALL"), grant("PERMISSION_REPORTS_READ", "SCOPE_ALL")] };
    expect(withAudience(draft, "ROLE_AUDIENCE_CUSTOMERS", catalog).grants).toEqual([]);
    const own = { ...draft, grants: [grant("PERMISSION_CUSTOMERS_READ", "SCOPE_OWN")] };
    expect(withAudience(own, "ROLE_AUDIENCE_CUSTOMERS", catalog).grants).toEqual(own.grants);
  });
});

describe("what is sent of a role", () => {
  it("leaves out what this console doesn't know", () => {
    const role = { name: "a", grants: [grant("PERMISSION_UNSPECIFIED", "SCOPE_ALL"), grant("PERMISSION_REPORTS_READ", "SCOPE_ALL")], fieldVisibilities: [] } as unknown as Role;
    expect(roleInput(draftOf(role))).toMatchObject({ grants: [{ permission: "PERMISSION_REPORTS_READ" }], secondFactorRequired: false, audience: "ROLE_AUDIENCE_EMPLOYEES" });
  });
});
