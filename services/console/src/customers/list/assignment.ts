import type { components } from "@/api/schema";

type PreviousOwner = components["schemas"]["PreviousOwner"];

/** Customers by the owner that each had, an empty id being the public pool: one assignment each takes all back. */
export function ownersToRestore(previous: readonly PreviousOwner[]): Map<string, string[]> {
  const owners = new Map<string, string[]>();
  for (const { customerId, ownerId } of previous) owners.set(ownerId, [...(owners.get(ownerId) ?? []), customerId]);
  return owners;
}
