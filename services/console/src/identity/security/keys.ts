// When an API key ends, and what is left of it; pure.
import dayjs, { type Dayjs } from "dayjs";
import type { ApiKey } from "@/api/types";

export type KeyState = "live" | "expired" | "revoked";

export function keyState(key: Pick<ApiKey, "expireTime" | "revokeTime">, now: Dayjs = dayjs()): KeyState {
  if (key.revokeTime) return "revoked";
  return key.expireTime && !dayjs(key.expireTime).isAfter(now) ? "expired" : "live";
}

/** Lives of a key in days; 0 lasts until it is revoked. */
export const lifetimes = [30, 90, 365, 0] as const;

export function expiryOf(days: number, now: Dayjs = dayjs()): string | undefined {
  return days > 0 ? now.add(days, "day").toISOString() : undefined;
}
