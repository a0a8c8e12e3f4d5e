// A filter as the builder holds it: conditions in groups that are joined by "all of" or "any of". `text.ts` writes it
// as an expression, `parse.ts` reads one back.
import type { Attribute, AttributeKind } from "../attributes";

export type Operator =
  | "equals"
  | "notEquals"
  | "contains"
  | "notContains"
  | "startsWith"
  | "within"
  | "oneOf"
  | "noneOf"
  | "less"
  | "lessOrEqual"
  | "greater"
  | "greaterOrEqual"
  | "inLastDays"
  | "notInLastDays"
  | "isMe"
  | "present"
  | "absent";

export interface Condition {
  type: "condition";
  path: string;
  operator: Operator;
  values: string[];
}

export interface Group {
  type: "group";
  join: "AND" | "OR";
  children: FilterNode[];
}

export type FilterNode = Condition | Group;

export const emptyFilter: Group = { type: "group", join: "AND", children: [] };

const text: Operator[] = ["contains", "notContains", "equals", "notEquals", "startsWith", "present", "absent"];
const code: Operator[] = ["equals", "notEquals", "oneOf", "noneOf", "present", "absent"];
const ordered: Operator[] = ["equals", "notEquals", "less", "lessOrEqual", "greater", "greaterOrEqual"];
const time: Operator[] = ["inLastDays", "notInLastDays", "equals", "less", "lessOrEqual", "greater", "greaterOrEqual", "present", "absent"];

const operators: Record<AttributeKind, Operator[]> = {
  text,
  longText: text,
  enum: ["equals", "notEquals", "oneOf"],
  dictionary: code,
  dictionaries: ["contains", "notContains", "present", "absent"],
  tree: ["within", "equals", "notEquals", "present", "absent"],
  integer: [...ordered, "present", "absent"],
  decimal: [...ordered, "present", "absent"],
  satisfaction: ordered,
  boolean: ["equals", "present", "absent"],
  date: time,
  timestamp: time,
  employee: ["isMe", "equals", "oneOf", "notEquals", "present", "absent"],
  group: ["equals", "oneOf", "notEquals"],
};

export const operatorsOf = (kind: AttributeKind): readonly Operator[] => operators[kind];

export type Arity = "none" | "one" | "many" | "days";

export function arityOf(operator: Operator): Arity {
  if (operator === "present" || operator === "absent" || operator === "isMe") return "none";
  if (operator === "oneOf" || operator === "noneOf") return "many";
  if (operator === "inLastDays" || operator === "notInLastDays") return "days";
  return "one";
}

export function isComplete(condition: Condition): boolean {
  const arity = arityOf(condition.operator);
  return arity === "none" || condition.values.some((value) => value !== "");
}

/** A fresh condition on an attribute, with the operator one most often wants. */
export function conditionOn(attribute: Attribute): Condition {
  const operator = operators[attribute.kind][0] ?? "equals";
  const values = arityOf(operator) === "days" ? ["30"] : attribute.kind === "boolean" ? ["true"] : [];
  return { type: "condition", path: attribute.path, operator, values };
}

/** Keeps the values that still make sense when the operator changes. */
export function withOperator(condition: Condition, operator: Operator): Condition {
  const before = arityOf(condition.operator);
  const after = arityOf(operator);
  if (after === "none") return { ...condition, operator, values: [] };
  if (after === "days") return { ...condition, operator, values: before === "days" ? condition.values : ["30"] };
  // Days are no dates, and the beginning of a code is no code.
  const isWithin = operator === "within";
  if (before === "days" || isWithin !== (condition.operator === "within")) return { ...condition, operator, values: [] };
  return { ...condition, operator, values: after === "one" ? condition.values.slice(0, 1) : condition.values };
}

export function conditionCount(node: FilterNode): number {
  return node.type === "condition" ? 1 : node.children.reduce((sum, child) => sum + conditionCount(child), 0);
}
