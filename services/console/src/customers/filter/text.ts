// The builder's filter → an AIP-160 expression. OR binds tighter than AND there, so every nested group gets brackets.
import type { AttributeKind } from "../attributes";
import { isComplete, type Condition, type FilterNode, type Operator } from "./model";

export type KindOf = (path: string) => AttributeKind | undefined;

const comparators: Partial<Record<Operator, string>> = {
  equals: "=",
  notEquals: "!=",
  less: "<",
  lessOrEqual: "<=",
  greater: ">",
  greaterOrEqual: ">=",
  contains: ":",
  within: ":",
};

/** Half-filled conditions are left out: the list follows while one is still typing. */
export function toText(node: FilterNode, kindOf: KindOf, nested = false): string {
  if (node.type === "condition") return isComplete(node) ? conditionText(node, kindOf(node.path)) : "";
  const parts = node.children.map((child) => toText(child, kindOf, true)).filter(Boolean);
  if (parts.length < 2) return parts[0] ?? "";
  const joined = parts.join(` ${node.join} `);
  return nested ? `(${joined})` : joined;
}

function conditionText({ path, operator, values }: Condition, kind: AttributeKind | undefined): string {
  const first = values[0] ?? "";
  switch (operator) {
    case "present":
      return `${path}:*`;
    case "absent":
      return `NOT ${path}:*`;
    case "isMe":
      return `${path} = me()`;
    case "inLastDays":
      return `${path} >= days_ago(${Number(first)})`;
    case "notInLastDays":
      return `${path} < days_ago(${Number(first)})`;
    case "startsWith":
      return `${path} = "${escape(first)}*"`;
    case "notContains":
      return `NOT ${path} : ${literal(first, kind)}`;
    case "oneOf":
    case "noneOf": {
      const choices = values.filter(Boolean).map((value) => literal(value, kind));
      // A list of one keeps its brackets, so that it is read back as a list.
      return `${operator === "noneOf" ? "NOT " : ""}${path} = (${choices.join(" OR ")})`;
    }
    default:
      return `${path} ${comparators[operator] ?? "="} ${literal(first, kind)}`;
  }
}

const bareKinds: ReadonlySet<AttributeKind | undefined> = new Set<AttributeKind>([
  "enum",
  "integer",
  "decimal",
  "satisfaction",
  "boolean",
  "date",
  "timestamp",
]);

function literal(value: string, kind: AttributeKind | undefined): string {
  return bareKinds.has(kind) && /^-?[\w.+:-]+$/.test(value) ? value : `"${escape(value)}"`;
}

export function escape(value: string): string {
  return value.replace(/[\\"*]/g, (character) => `\\${character}`).replace(/\n/g, "\\n").replace(/\r/g, "\\r").replace(/\t/g, "\\t");
}
