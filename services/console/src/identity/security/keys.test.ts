import dayjs from "dayjs";
import { describe, expect, it } from "vitest";
import { expiryOf, keyState } from "./keys";

const now = dayjs("2026-03-01T00:00:00Z");

describe("an API key", () => {
  it("is live until it expires or is revoked", () => {
    expect(keyState({}, now)).toBe("live");
    expect(keyState({ expireTime: "2026-03-01T00:00:01Z" }, now)).toBe("live");
    expect(keyState({ expireTime: "2026-03-01T00:00:00Z" }, now)).toBe("expired");
    expect(keyState({ expireTime: "2027-01-01T00:00:00Z", revokeTime: "2026-02-01T00:00:00Z" }, now)).toBe("revoked");
  });

  it("lasts so many days, or until it is revoked", () => {
    expect(expiryOf(30, now)).toBe("2026-03-31T00:00:00.000Z");
    expect(expiryOf(0, now)).toBeUndefined();
  });
});
