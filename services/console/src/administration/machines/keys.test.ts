import { describe, expect, it } from "vitest";
import type { Role } from "@/api/types";
import { keyState, permissionsOf } from "./keys";

const now = Date.parse("2026-06-01T00:00:00Z");

describe("an API key", () => {
  it("is revoked, expired, about to expire or active", () => {
    expect(keyState({}, now)).toBe("active");
    expect(keyState({ expireTime: "2026-12-01T00:00:00Z" }, now)).toBe("active");
    expect(keyState({ expireTime: "2026-06-10T00:00:00Z" }, now)).toBe("expiring");
    expect(keyState({ expireTime: "2026-06-01T00:00:00Z" }, now)).toBe("expired");
    expect(keyState({ expireTime: "2026-12-01T00:00:00Z", revokeTime: "2026-05-01T00:00:00Z" }, now)).toBe("revoked");
  });

  it("can be confined to what the holder's roles add up to", () => {
    const role = (id: string, ...permissions: string[]) => ({ id, grants: permissions.map((permission) => ({ permission })) }) as unknown as Role;
    const roles = [role("a", "PERMISSION_CUSTOMERS_READ", "PERMISSION_REPORTS_READ"), role("b", "PERMISSION_CUSTOMERS_READ"), role("c", "PERMISSION_ROLES_MANAGE")];
    expect(permissionsOf(["a", "b"], roles)).toEqual(["PERMISSION_CUSTOMERS_READ", "PERMISSION_REPORTS_READ"]);
    expect(permissionsOf(["a"], undefined)).toBeUndefined();
  });
});
