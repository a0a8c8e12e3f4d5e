// What state a key is in, and which permissions it can be confined to; pure.
import type { ApiKey, Permission, Role } from "@/api/types";

export type KeyState = "active" | "expiring" | "expired" | "revoked";

const soon = 14 * 24 * 3_600_000;

export function keyState({ revokeTime, expireTime }: Pick<ApiKey, "revokeTime" | "expireTime">, now: number): KeyState {
  if (revokeTime) return "revoked";
  if (!expireTime) return "active";
  const left = Date.parse(expireTime) - now;
  return left <= 0 ? "expired" : left < soon ? "expiring" : "active";
}

/** What the roles add up to; `undefined` while the roles aren't known. */
export function permissionsOf(roleIds: readonly string[], roles: readonly Role[] | undefined): Permission[] | undefined {
  if (!roles) return undefined;
  const held = roles.filter((role) => roleIds.includes(role.id)).flatMap((role) => role.grants.map((grant) => grant.permission));
  return [...new Set(held)];
}
