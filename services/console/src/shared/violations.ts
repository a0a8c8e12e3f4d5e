// Field violations → the fields of a form; what belongs to no field of the form is left for the alert above it.
import type { FormInstance } from "antd";
import type { FieldViolation, Problem } from "@/api/problem";

export type FieldPath = (string | number)[];

/** `addresses[0].street` → ["addresses", 0, "street"]. */
export function fieldPath(field: string): FieldPath {
  return field
    .split(/[.[\]]+/)
    .filter(Boolean)
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/** Splits violations into those of the known fields and the rest. A leading resource name (`customer.name`) is dropped. */
export function sortViolations(violations: readonly FieldViolation[], knows: (path: FieldPath) => boolean) {
  const errors = new Map<string, { name: FieldPath; errors: string[] }>();
  const rest: FieldViolation[] = [];
  for (const violation of violations) {
    const path = fieldPath(violation.field);
    const known = [path, path.slice(1)].find((candidate) => candidate.length > 0 && knows(candidate));
    if (!known) {
      rest.push(violation);
      continue;
    }
    const key = known.join(".");
    const entry = errors.get(key) ?? { name: known, errors: [] };
    entry.errors.push(violation.description);
    errors.set(key, entry);
  }
  return { errors: [...errors.values()], rest };
}

/** Takes back what was marked, since it may be right by now. */
export function clearViolations(form: FormInstance): void {
  form.setFields(form.getFieldsError().map(({ name }) => ({ name, errors: [] })));
}

/** Marks the form's fields and says whether that told everything there is to tell. */
export function showViolations(form: FormInstance, problem: Problem): boolean {
  const names = new Set(form.getFieldsError().map(({ name }) => name.join(".")));
  const knows = (path: FieldPath) => names.has(path.join("."));
  const { errors, rest } = sortViolations(problem.fieldViolations, knows);
  form.setFields(errors);
  const first = errors[0];
  if (first) form.scrollToField(first.name, { behavior: "smooth", block: "center" });
  return errors.length > 0 && rest.length === 0;
}
