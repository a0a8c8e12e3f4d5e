// The fields that a column of a file can fill, for the mapping's select.
import type { ImportColumn } from "@/api/types";
import type { Attribute } from "../attributes";

export interface Target {
  value: string;
  label: string;
}

/** What only an import fills in this way: a customer has several addresses, and an owner is assigned, not typed in. */
const importOnly = {
  "addresses.street": "customers.address.title",
  "addresses.postal_code": "customers.address.postalCode",
  owner_id: "customers.attributes.ownerId",
} as const;

type Translate = (key: (typeof importOnly)[keyof typeof importOnly]) => string;

/** Known fields, and whatever else the service guessed, under its own path. */
export function targetsOf(attributes: readonly Attribute[], columns: readonly ImportColumn[], t: Translate): Target[] {
  const importable = attributes.filter((attribute) => attribute.importable).map(({ maskPath, label, section }) => ({ value: maskPath, label, section }));
  const extra = Object.entries(importOnly).map(([value, key]) => ({ value, label: t(key) }));
  const targets: Target[] = [
    ...importable.filter(({ section }) => section !== "custom"),
    ...extra,
    ...importable.filter(({ section }) => section === "custom"),
  ].map(({ value, label }) => ({ value, label }));
  for (const { field } of columns) {
    if (field && !targets.some((target) => target.value === field)) targets.push({ value: field, label: field });
  }
  return targets;
}

/** Fields that two columns claim; a run would refuse them. */
export function doubled(columns: readonly ImportColumn[]): Set<string> {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { field } of columns) {
    if (!field) continue;
    if (seen.has(field)) twice.add(field);
    seen.add(field);
  }
  return twice;
}
