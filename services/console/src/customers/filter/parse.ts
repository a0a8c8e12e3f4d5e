// An AIP-160 expression → the builder's filter, as far as the builder can show it. What it can't (negated groups,
// wildcards in the middle, unknown fields) stays text; the service understands more than the builder.
import type { AttributeKind } from "../attributes";
import { emptyFilter, operatorsOf, type Condition, type FilterNode, type Group, type Operator } from "./model";
import type { KindOf } from "./text";
import { tokenize, type Token } from "./tokens";

class Unreadable extends Error {}

/** `undefined` when the builder can't show the expression. */
export function fromText(text: string, kindOf: KindOf): Group | undefined {
  const tokens = tokenize(text);
  if (!tokens) return undefined;
  if (tokens.length === 0) return emptyFilter;
  try {
    const reader = new Reader(tokens, kindOf);
    const node = reader.expression();
    reader.end();
    return node.type === "group" ? node : { ...emptyFilter, children: [node] };
  } catch (fault) {
    if (fault instanceof Unreadable) return undefined;
    throw fault;
  }
}

interface Argument {
  values: string[];
  call?: string;
  many: boolean;
  prefix: boolean;
  star: boolean;
}

const comparisons: Record<string, Operator> = {
  "=": "equals",
  "!=": "notEquals",
  "<": "less",
  "<=": "lessOrEqual",
  ">": "greater",
  ">=": "greaterOrEqual",
};

const opposites: Partial<Record<Operator, Operator>> = {
  present: "absent",
  contains: "notContains",
  equals: "notEquals",
  oneOf: "noneOf",
};

class Reader {
  private place = 0;

  constructor(
    private readonly tokens: Token[],
    private readonly kindOf: KindOf,
  ) {}

  end() {
    if (this.place < this.tokens.length) throw new Unreadable();
  }

  expression(): FilterNode {
    const parts = [this.factor()];
    for (;;) {
      const explicit = this.takeWord("AND");
      const next = this.tokens[this.place];
      if (!explicit && (!next || next.kind === "close")) break;
      parts.push(this.factor());
    }
    return join("AND", parts);
  }

  private factor(): FilterNode {
    const parts = [this.term()];
    while (this.takeWord("OR")) parts.push(this.term());
    return join("OR", parts);
  }

  private term(): FilterNode {
    if (!this.takeWord("NOT") && !this.take("minus")) return this.simple();
    const inner = this.simple();
    const operator = inner.type === "condition" ? opposites[inner.operator] : undefined;
    if (inner.type !== "condition" || !operator) throw new Unreadable();
    return this.checked({ ...inner, operator });
  }

  private simple(): FilterNode {
    if (!this.take("open")) return this.restriction();
    const inner = this.expression();
    this.need("close");
    return inner;
  }

  private restriction(): Condition {
    const name = this.need("word");
    const comparator = this.need("comparator").text;
    const kind = this.kindOf(name.text);
    if (name.wildcards.length > 0 || !kind) throw new Unreadable();
    return this.checked({ type: "condition", path: name.text, ...meaning(comparator, this.argument(), kind) });
  }

  private checked(condition: Condition): Condition {
    const kind = this.kindOf(condition.path);
    // `absent` and `present` of kinds that don't offer them, and the like, are beyond the builder.
    if (!kind || !operatorsOf(kind).includes(condition.operator)) throw new Unreadable();
    return condition;
  }

  private argument(): Argument {
    if (!this.take("open")) return this.single();
    const values: string[] = [];
    do {
      const { values: more, call, prefix, star } = this.single();
      if (call || prefix || star) throw new Unreadable();
      values.push(...more);
    } while (this.takeWord("OR"));
    this.need("close");
    return { values, many: true, prefix: false, star: false };
  }

  private single(): Argument {
    const sign = this.take("minus") ? "-" : "";
    const token = this.tokens[this.place];
    if (!token || (token.kind !== "word" && token.kind !== "quoted")) throw new Unreadable();
    this.place += 1;
    if (token.kind === "word" && this.tokens[this.place]?.kind === "open" && this.tokens[this.place]?.start === token.end) {
      return this.call(token.text);
    }
    const star = token.text === "*" && token.wildcards.length === 1;
    const last = token.text.length - 1;
    const prefix = !star && token.wildcards.length === 1 && token.wildcards[0] === last;
    if (token.wildcards.length > 0 && !star && !prefix) throw new Unreadable();
    return { values: [sign + (prefix ? token.text.slice(0, -1) : token.text)], many: false, prefix, star };
  }

  private call(name: string): Argument {
    this.need("open");
    const values: string[] = [];
    while (!this.take("close")) values.push((this.take("minus") ? "-" : "") + this.need("word").text);
    return { values, call: name, many: false, prefix: false, star: false };
  }

  private take(kind: Token["kind"]): boolean {
    const found = this.tokens[this.place]?.kind === kind;
    if (found) this.place += 1;
    return found;
  }

  private takeWord(text: string): boolean {
    const token = this.tokens[this.place];
    const found = token?.kind === "word" && token.text === text;
    if (found) this.place += 1;
    return found;
  }

  private need(kind: Token["kind"]): Token {
    const token = this.tokens[this.place];
    if (token?.kind !== kind) throw new Unreadable();
    this.place += 1;
    return token;
  }
}

function meaning(comparator: string, argument: Argument, kind: AttributeKind): { operator: Operator; values: string[] } {
  const { values, call, many, prefix, star } = argument;
  if (call !== undefined) return callMeaning(comparator, call, values);
  if (comparator === ":") {
    if (star) return { operator: "present", values: [] };
    if (many || prefix) throw new Unreadable();
    if (kind === "text" || kind === "longText" || kind === "dictionaries") return { operator: "contains", values };
    return { operator: kind === "tree" ? "within" : "equals", values };
  }
  if (star) throw new Unreadable();
  if (many || prefix) {
    if (comparator !== "=") throw new Unreadable();
    return { operator: many ? "oneOf" : "startsWith", values };
  }
  return { operator: comparisons[comparator] ?? "equals", values };
}

function callMeaning(comparator: string, call: string, values: string[]): { operator: Operator; values: string[] } {
  if (call === "me" && comparator === "=" && values.length === 0) return { operator: "isMe", values: [] };
  if (call === "days_ago" && /^\d+$/.test(values[0] ?? "")) {
    if (comparator === ">=") return { operator: "inLastDays", values };
    if (comparator === "<") return { operator: "notInLastDays", values };
  }
  throw new Unreadable();
}

function join(kind: Group["join"], parts: FilterNode[]): FilterNode {
  const [only, ...rest] = parts;
  if (only && rest.length === 0) return only;
  return { type: "group", join: kind, children: parts };
}
