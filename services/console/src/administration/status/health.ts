// What is wrong with a service, by its figures; pure.
import type { ServiceStatus } from "@/api/types";

export type Trouble =
  | "streamDown"
  | "outboxStuck"
  | "consumerUnknown"
  | "consumerBehind"
  | "deadLetters"
  | "deadJobs"
  | "chainStuck"
  | "chainFlawed"
  | "connectionsScarce";

export type Health = "sound" | "strained" | "broken";

/** Moments are no trouble: events and audit entries are taken in batches. */
const patience = 60_000;
const mostBehind = 1000;
const mostConnections = 0.8;

const breaking: ReadonlySet<Trouble> = new Set(["streamDown", "deadLetters", "deadJobs", "chainStuck", "chainFlawed"]);

export function troublesOf(status: ServiceStatus, now: number): Trouble[] {
  const waitsLong = (since: string | undefined) => since !== undefined && now - Date.parse(since) > patience;
  const consumers = status.consumers.map((consumer) => ({ pending: Number(consumer.pendingCount), dead: Number(consumer.deadLetterCount) }));
  const { database, jobs, auditChain } = status;
  const found: [Trouble, boolean][] = [
    ["streamDown", !status.eventStreamConnected],
    ["outboxStuck", waitsLong(status.outbox?.pendingSince)],
    ["consumerUnknown", consumers.some(({ pending }) => pending < 0)],
    ["consumerBehind", consumers.some(({ pending }) => pending > mostBehind)],
    ["deadLetters", consumers.some(({ dead }) => dead > 0)],
    ["deadJobs", Number(jobs?.deadCount ?? 0) > 0],
    ["chainStuck", waitsLong(auditChain?.unchained?.pendingSince)],
    ["chainFlawed", Number(auditChain?.flawedCount ?? 0) > 0],
    ["connectionsScarce", database !== undefined && database.maxConnections > 0 && database.connections / database.maxConnections > mostConnections],
  ];
  return found.filter(([, is]) => is).map(([trouble]) => trouble);
}

export function healthOf(troubles: readonly Trouble[]): Health {
  if (troubles.some((trouble) => breaking.has(trouble))) return "broken";
  return troubles.length > 0 ? "strained" : "sound";
}

const units = ["B", "KB", "MB", "GB", "TB"];

export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
