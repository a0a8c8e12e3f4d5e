// The fields that a column of a file can fill, for the mapping's select.
import type { ImportColumn } from "@/api/types";
import type { Attribute } from "../attributes";

export interface Target {
  value: string;
  label: string;
}

/** Known fields, and whatever else the service guessed, under its own path. */
export function targetsOf(attributes: readonly Attribute[], columns: readonly ImportColumn[], labels: Record<string, string>): Target[] {
  const targets = attributes.filter((attribute) => attribute.importable).map(({ maskPath, label }) => ({ value: maskPath, label }));
  for (const [value, label] of Object.entries(labels)) targets.push({ value, label });
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
