// What is searched for in the audit trail: in the address of the page, and as an AIP-160 filter; pure.
import type { ActorKind } from "@/api/types";
import type { Service } from "../services";
import { isService } from "../services";

export interface AuditSearch {
  service?: Service;
  actorKind?: ActorKind;
  actorId?: string;
  /** Actions such as `customer.updated`; `customer.*` stands for all of a kind. */
  actions: string[];
  recordId?: string;
  address?: string;
  /** Days, both included, as `2026-01-31`. */
  from?: string;
  to?: string;
}

export const actorKinds: readonly ActorKind[] = ["ACTOR_KIND_EMPLOYEE", "ACTOR_KIND_SERVICE_ACCOUNT", "ACTOR_KIND_SERVICE", "ACTOR_KIND_UNSPECIFIED"];

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const isId = (text: string) => uuid.test(text.trim());

export function searchFromAddress(address: URLSearchParams): AuditSearch {
  const service = address.get("service");
  const text = (name: string) => address.get(name)?.trim() || undefined;
  return {
    service: isService(service) ? service : undefined,
    actorKind: actorKinds.find((kind) => kind === text("actorKind")),
    actorId: text("actor"),
    actions: address.getAll("action").filter(Boolean),
    recordId: text("record"),
    address: text("address"),
    from: text("from"),
    to: text("to"),
  };
}

export function addressOf(search: AuditSearch): URLSearchParams {
  const address = new URLSearchParams();
  const single = { service: search.service, actorKind: search.actorKind, actor: search.actorId, record: search.recordId, address: search.address, from: search.from, to: search.to };
  for (const [name, value] of Object.entries(single)) if (value) address.set(name, value);
  for (const action of search.actions) address.append("action", action);
  return address;
}

/** A text between quotes; an asterisk is a wildcard there unless it is escaped. */
function quoted(text: string, wildcard = false): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  return `"${wildcard ? escaped : escaped.replaceAll("*", "\\*")}"`;
}

/** `startOfDay` gives the moment at which a day begins where the caller is. */
export function filterOf(search: AuditSearch, startOfDay: (day: string, plusDays: number) => string): string {
  const parts: string[] = [];
  if (search.actorKind) parts.push(`actor_kind = ${search.actorKind}`);
  if (search.actorId) parts.push(`actor_id = ${quoted(search.actorId)}`);
  const actions = search.actions.map((action) => `action = ${quoted(action, true)}`);
  if (actions.length > 0) parts.push(actions.length === 1 ? (actions[0] ?? "") : `(${actions.join(" OR ")})`);
  if (search.recordId) parts.push(`(record_id = ${quoted(search.recordId)} OR subject_id = ${quoted(search.recordId)})`);
  if (search.address) parts.push(`address = ${quoted(search.address, true)}`);
  if (search.from) parts.push(`time >= ${quoted(startOfDay(search.from, 0))}`);
  if (search.to) parts.push(`time < ${quoted(startOfDay(search.to, 1))}`);
  return parts.join(" AND ");
}
