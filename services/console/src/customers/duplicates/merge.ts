// What a merge asks for, and how far a search has come; pure.
import type { Customer, DuplicateSearch, FieldChoice, Survivorship } from "@/api/types";
import type { MergeOrder } from "./api";

/** The survivor of a pair to begin with: the one that is there longer. */
export const olderFirst = (customers: readonly Customer[]): Customer[] => [...customers].sort((a, b) => (a.createTime ?? "").localeCompare(b.createTime ?? ""));

/** What is sent: the rule, and only those fields that the person has decided otherwise than the rule would. */
export function mergeOrder(customers: readonly Customer[], survivorId: string, survivorship: Survivorship, byRule: readonly FieldChoice[], chosen: Readonly<Record<string, string>>): MergeOrder {
  const named = ({ id, etag }: Customer) => ({ id, etag });
  const survivor = customers.find((customer) => customer.id === survivorId);
  if (!survivor) throw new Error("no survivor");
  const rule = new Map(byRule.map((choice) => [choice.field, choice.customerId]));
  return {
    survivor: named(survivor),
    merged: customers.filter((customer) => customer.id !== survivorId).map(named),
    survivorship,
    choices: Object.entries(chosen)
      .filter(([field, customerId]) => rule.has(field) && rule.get(field) !== customerId)
      .map(([field, customerId]) => ({ field, customerId })),
  };
}

/** Reading is most of the work; comparing is in steps. */
const reading = 60;

export function searchPercent(search: DuplicateSearch): number {
  if (search.state !== "DUPLICATE_SEARCH_STATE_RUNNING") return 100;
  const [read, whole] = [Number(search.readCount), Number(search.customerCount)];
  const compared = search.stepCount > 0 ? search.step / search.stepCount : 0;
  return Math.min(99, Math.floor(reading * (whole > 0 ? Math.min(1, read / whole) : 1) + (100 - reading) * compared));
}
