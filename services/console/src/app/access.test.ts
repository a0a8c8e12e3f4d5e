import { describe, expect, it } from "vitest";
import type { Permission, Profile, Scope } from "@/api/types";
import { accessOf } from "./access";

const write: Permission = "PERMISSION_CONTACTS_WRITE";

const holder = (scope: Scope, groupIds: string[] = []) =>
  accessOf({ id: "me", groupId: "ours", grants: [{ permission: write, scope, groupIds }] } as unknown as Profile, undefined);
const customer = (ownerId: string, groupId: string) => ({ ownerId, groupId });

describe("what a permission reaches", () => {
  it("is one's own customers", () => {
    expect(holder("SCOPE_OWN").reaches(write, customer("me", "ours"))).toBe(true);
    expect(holder("SCOPE_OWN").reaches(write, customer("other", "ours"))).toBe(false);
  });

  it("is those of one's group, and what one owns elsewhere", () => {
    expect(holder("SCOPE_GROUP").reaches(write, customer("other", "ours"))).toBe(true);
    expect(holder("SCOPE_GROUP").reaches(write, customer("me", "theirs"))).toBe(true);
    expect(holder("SCOPE_GROUP").reaches(write, customer("other", "theirs"))).toBe(false);
  });

  it("counts groups that only the service can work out", () => {
    expect(holder("SCOPE_GROUP_AND_BELOW").reaches(write, customer("other", "theirs"))).toBe(true);
    expect(holder("SCOPE_CHOSEN_GROUPS", ["theirs"]).reaches(write, customer("other", "theirs"))).toBe(true);
    expect(holder("SCOPE_OWN", ["theirs"]).reaches(write, customer("other", "theirs"))).toBe(true);
    expect(holder("SCOPE_ALL").reaches(write, customer("", ""))).toBe(true);
  });

  it("leaves out the pool where nobody's customer is nobody's own", () => {
    expect(holder("SCOPE_OWN").reaches(write, customer("", ""))).toBe(false);
    const homeless = accessOf({ id: "me", groupId: "", grants: [{ permission: write, scope: "SCOPE_GROUP", groupIds: [] }] } as unknown as Profile, undefined);
    expect(homeless.reaches(write, customer("", ""))).toBe(false);
  });

  it("is nothing without the permission, even of one's own", () => {
    expect(holder("SCOPE_ALL").reaches("PERMISSION_CUSTOMERS_UPDATE", customer("me", "ours"))).toBe(false);
  });
});
