import { describe, expect, it } from "vitest";
import type { AccessDecision, AccessReason } from "@/api/types";
import { byReasons, sentenceOf } from "./sentences";

const reason = (kind: AccessReason["kind"], roleName = "") => ({ kind, roleId: "", roleName, scope: "SCOPE_OWN", groupId: "", groupName: "" }) as AccessReason;
const decision = (permission: AccessDecision["permission"], allowed: boolean, ...reasons: AccessReason[]): AccessDecision => ({ permission, allowed, reasons });

describe("the explanation of who may do what", () => {
  it("says until when a share lasts", () => {
    expect(sentenceOf({ kind: "ACCESS_REASON_KIND_SHARED_WITH_PERSON" })).toBe("sharedPerson");
    expect(sentenceOf({ kind: "ACCESS_REASON_KIND_SHARED_WITH_GROUP", expireTime: "2026-01-01T00:00:00Z" })).toBe("sharedGroupUntil");
    expect(sentenceOf({ kind: "ACCESS_REASON_KIND_UNSPECIFIED" })).toBe("unknown");
  });

  it("tells the same reasons once, what is allowed first", () => {
    const owner = reason("ACCESS_REASON_KIND_OWNER", "销售");
    const none = reason("ACCESS_REASON_KIND_NO_GRANT");
    const told = byReasons([
      decision("PERMISSION_CUSTOMERS_EXPORT", false, none),
      decision("PERMISSION_CUSTOMERS_READ", true, owner),
      decision("PERMISSION_CUSTOMERS_UPDATE", true, { ...owner }),
    ]);
    expect(told.map(({ allowed, permissions }) => [allowed, permissions])).toEqual([
      [true, ["PERMISSION_CUSTOMERS_READ", "PERMISSION_CUSTOMERS_UPDATE"]],
      [false, ["PERMISSION_CUSTOMERS_EXPORT"]],
    ]);
  });
});
