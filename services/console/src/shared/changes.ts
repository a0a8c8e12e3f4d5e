/** The fields whose values differ, which is all that a PATCH may carry: others might have changed the rest. */
export function changedFields<T extends object>(before: Partial<T>, after: Partial<T>): Partial<T> {
  const changed: Partial<T> = {};
  for (const key of Object.keys(after) as (keyof T)[]) {
    if (!same(before[key], after[key])) changed[key] = after[key];
  }
  return changed;
}

export function same(left: unknown, right: unknown): boolean {
  return canonical(left) === canonical(right);
}

function canonical(value: unknown): string {
  return JSON.stringify(normal(value)) ?? "";
}

/** Key order and the difference between absent and empty don't count. */
function normal(value: unknown): unknown {
  if (value === undefined || value === null || value === "") return null;
  if (Array.isArray(value)) return value.map(normal);
  if (typeof value !== "object") return value;
  const entries = Object.entries(value).filter(([, item]) => normal(item) !== null);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, normal(item)]));
}
