// The trails of several services as one, latest first. Each service is asked page by page; an entry is given out only
// when no service can still have a later one.
import type { AuditEntry } from "@/api/types";
import type { Service } from "../services";

export interface TrailEntry extends AuditEntry {
  service: Service;
}

/** How far each service has been read. */
export interface Cursor {
  /** The token of the next page of every service that has more; the first page's is empty. */
  tokens: Partial<Record<Service, string>>;
  /** Entries that wait for those of other services. */
  waiting: Partial<Record<Service, TrailEntry[]>>;
}

export interface TrailPage {
  entries: TrailEntry[];
  /** Left out on the last page. */
  next?: Cursor;
  /** Services that did not answer; their entries are missing from here on. */
  failed: Service[];
}

type Load = (service: Service, pageToken: string | undefined) => Promise<{ entries: AuditEntry[]; nextPageToken: string }>;

export const start = (services: readonly Service[]): Cursor => ({
  tokens: Object.fromEntries(services.map((service) => [service, ""])),
  waiting: {},
});

export async function nextPage(cursor: Cursor, load: Load): Promise<TrailPage> {
  const tokens = { ...cursor.tokens };
  const waiting = { ...cursor.waiting };
  const due = (Object.keys(tokens) as Service[]).filter((service) => !waiting[service]?.length);
  const answers = await Promise.allSettled(due.map((service) => load(service, tokens[service] || undefined)));
  const failed: Service[] = [];
  answers.forEach((answer, place) => {
    const service = due[place];
    if (!service) return;
    delete tokens[service];
    if (answer.status === "rejected") {
      failed.push(service);
      return;
    }
    waiting[service] = answer.value.entries.map((entry) => ({ ...entry, service }));
    if (answer.value.nextPageToken) tokens[service] = answer.value.nextPageToken;
  });
  const refused = answers.find((answer) => answer.status === "rejected");
  // When nobody answers, that is the answer.
  if (refused && failed.length === answers.length && Object.values(waiting).every((list) => list.length === 0)) throw refused.reason;
  const entries = takeSafe(waiting, tokens);
  const rest = Object.keys(tokens).length > 0;
  return { entries, next: rest ? { tokens, waiting } : undefined, failed };
}

/** Takes the latest entry of all lists again and again, until a list that goes on elsewhere is empty. */
function takeSafe(waiting: Partial<Record<Service, TrailEntry[]>>, tokens: Partial<Record<Service, string>>): TrailEntry[] {
  const lists = new Map((Object.entries(waiting) as [Service, TrailEntry[]][]).map(([service, list]) => [service, [...list]]));
  const taken: TrailEntry[] = [];
  for (;;) {
    let latest: TrailEntry[] | undefined;
    let drained = false;
    for (const [service, list] of lists) {
      if (list.length === 0) drained ||= service in tokens;
      else if (!latest?.[0] || isLater(list[0], latest[0])) latest = list;
    }
    const entry = drained ? undefined : latest?.shift();
    if (!entry) break;
    taken.push(entry);
  }
  for (const [service, list] of lists) waiting[service] = list;
  return taken;
}

function isLater(left: TrailEntry | undefined, right: TrailEntry): boolean {
  if (!left) return false;
  const difference = Date.parse(left.time ?? "") - Date.parse(right.time ?? "");
  return difference === 0 ? left.id > right.id : difference > 0;
}
