import { describe, expect, it } from "vitest";
import type { Role, ServiceAccount } from "@/api/types";
import { activityFilter, provisioners } from "./accounts";

const account = (id: string, ...roleIds: string[]) => ({ id, roleIds }) as unknown as ServiceAccount;
const role = (id: string, permission: string) => ({ id, grants: [{ permission }] }) as unknown as Role;

describe("clients of provisioning", () => {
  it("are the accounts whose roles hold the permission", () => {
    const accounts = [account("a", "scim"), account("b", "other"), account("c")];
    const roles = [role("scim", "PERMISSION_PROVISIONING"), role("other", "PERMISSION_CUSTOMERS_READ")];
    expect(provisioners(accounts, roles).map(({ id }) => id)).toEqual(["a"]);
    expect(provisioners(accounts, undefined)).toHaveLength(3);
  });

  it("are followed by what they changed", () => {
    expect(activityFilter([{ id: "a" }, { id: "b" }])).toBe('(actor_id = "a" OR actor_id = "b") AND (record_kind = "employee" OR record_kind = "group")');
  });
});
