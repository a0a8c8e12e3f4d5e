import { describe, expect, it } from "vitest";
import type { ServiceStatus } from "@/api/types";
import { healthOf, sizeText, troublesOf } from "./health";

const now = Date.parse("2026-01-01T12:00:00Z");
const sound = {
  service: "customers",
  version: "1",
  eventStreamConnected: true,
  database: { version: "16", databaseBytes: "1", serviceBytes: "1", connections: 10, maxConnections: 100, latencyMicros: "300", migrations: [] },
  outbox: { pendingCount: "3", pendingSince: "2026-01-01T11:59:58Z" },
  consumers: [{ name: "reporting", pendingCount: "12", deadLetterCount: "0" }],
  jobs: { pendingCount: "1", runningCount: "1", deadCount: "0" },
  auditChain: { sequence: "9", startSequence: "0", digest: "ab", unchained: { pendingCount: "0" }, flawedCount: "0" },
} satisfies ServiceStatus;

const troubles = (change: Partial<ServiceStatus>) => troublesOf({ ...sound, ...change }, now);

describe("the health of a service", () => {
  it("is sound while things wait for moments only", () => {
    expect(troubles({})).toEqual([]);
    expect(healthOf([])).toBe("sound");
  });

  it("is strained when events pile up", () => {
    const found = troubles({ outbox: { pendingCount: "1", pendingSince: "2026-01-01T11:58:00Z" }, consumers: [{ name: "a", pendingCount: "-1", deadLetterCount: "0" }, { name: "b", pendingCount: "5000", deadLetterCount: "0" }] });
    expect(found).toEqual(["outboxStuck", "consumerUnknown", "consumerBehind"]);
    expect(healthOf(found)).toBe("strained");
  });

  it("is broken when work was given up or the audit trail isn't sound", () => {
    const found = troubles({ jobs: { pendingCount: "0", runningCount: "0", deadCount: "2" }, auditChain: { ...sound.auditChain, flawedCount: "1" } });
    expect(found).toEqual(["deadJobs", "chainFlawed"]);
    expect(healthOf(found)).toBe("broken");
    expect(healthOf(troubles({ eventStreamConnected: false }))).toBe("broken");
  });

  it("reads sizes as people do", () => {
    expect([0, 1023, 1536, 250 * 1024 * 1024].map(sizeText)).toEqual(["0 B", "1023 B", "1.5 KB", "250 MB"]);
  });
});
