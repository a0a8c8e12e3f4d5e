import { describe, expect, it } from "vitest";
import type { AttributeKind } from "../attributes";
import { arityOf, conditionCount, operatorsOf, withOperator, type Condition, type Group, type Operator } from "./model";
import { fromText } from "./parse";
import { toText } from "./text";

const kinds: Record<string, AttributeKind> = {
  name: "text",
  level: "dictionary",
  region: "tree",
  kind: "enum",
  owner_id: "employee",
  create_time: "timestamp",
  birthday: "date",
  "custom.budget": "decimal",
  "custom.tags": "dictionaries",
  "custom.listed": "boolean",
};
const kindOf = (path: string) => kinds[path];

const condition = (path: string, operator: Operator, ...values: string[]): Condition => ({ type: "condition", path, operator, values });
const all = (...children: Group["children"]): Group => ({ type: "group", join: "AND", children });
const any = (...children: Group["children"]): Group => ({ type: "group", join: "OR", children });

describe("a filter as text", () => {
  const cases: [string, Group, string][] = [
    ["texts are quoted", all(condition("name", "contains", "张三")), 'name : "张三"'],
    ["quotes, backslashes and stars are escaped", all(condition("name", "equals", 'a"b\\c*')), 'name = "a\\"b\\\\c\\*"'],
    ["a prefix has a live star", all(condition("name", "startsWith", "杭*州")), 'name = "杭\\*州*"'],
    ["numbers, dates and enum names stand bare", all(condition("custom.budget", "greaterOrEqual", "-12.5"), condition("birthday", "less", "1990-01-01"), condition("kind", "equals", "PERSON")), "custom.budget >= -12.5 AND birthday < 1990-01-01 AND kind = PERSON"],
    ["alternatives of a field are a list", all(condition("level", "oneOf", "vip", "key")), 'level = ("vip" OR "key")'],
    ["what can't be one of a list is negated", all(condition("level", "noneOf", "vip")), 'NOT level = ("vip")'],
    ["trees match what lies within", all(condition("region", "within", "33")), 'region : "33"'],
    ["functions stay relative", all(condition("owner_id", "isMe"), condition("create_time", "inLastDays", "7")), "owner_id = me() AND create_time >= days_ago(7)"],
    ["presence", all(condition("level", "absent"), condition("name", "present")), "NOT level:* AND name:*"],
    ["nested groups have brackets", all(condition("kind", "equals", "PERSON"), any(condition("level", "equals", "vip"), all(condition("name", "contains", "a"), condition("name", "contains", "b")))), 'kind = PERSON AND (level = "vip" OR (name : "a" AND name : "b"))'],
    ["lists of options", all(condition("custom.tags", "notContains", "x")), 'NOT custom.tags : "x"'],
    ["instants keep their colons", all(condition("create_time", "greater", "2026-01-31T08:30:00+08:00")), "create_time > 2026-01-31T08:30:00+08:00"],
  ];

  it.each(cases)("%s", (_, filter, text) => {
    expect(toText(filter, kindOf)).toBe(text);
    expect(fromText(text, kindOf)).toEqual(filter);
  });

  it("leaves unfinished conditions out", () => {
    expect(toText(all(condition("name", "contains"), condition("level", "oneOf"), any()), kindOf)).toBe("");
  });
});

describe("reading a filter back", () => {
  it("joins conditions side by side with AND, and OR binds tighter", () => {
    const filter = fromText('name:"a" level = vip OR level = key', kindOf);
    expect(filter).toEqual(all(condition("name", "contains", "a"), any(condition("level", "equals", "vip"), condition("level", "equals", "key"))));
  });

  it("takes either kind of quotes and doubled quotes", () => {
    expect(fromText("name = 'it''s' AND name = \"say \\\"hi\\\"\"", kindOf)).toEqual(
      all(condition("name", "equals", "it's"), condition("name", "equals", 'say "hi"')),
    );
  });

  it("says when it can't show an expression", () => {
    const beyond = [
      "NOT (level = vip OR level = key)",
      'name = "*middle*"',
      "unknown = 1",
      "name =",
      '(name = "a"',
      "owner_id != me()",
      "create_time <= days_ago(3)",
      'name = "open',
      "zhang",
    ];
    for (const text of beyond) expect(fromText(text, kindOf), text).toBeUndefined();
  });

  it("is an empty filter for an empty text", () => {
    expect(fromText("  ", kindOf)).toEqual(all());
  });

  it("never throws, whatever is typed", () => {
    const pieces = ["(", ")", '"', "'", "\\", "*", "-", "NOT", "AND", "OR", "name", ":", "=", "!=", "me(", ",", "days_ago(", "张", " ", "3"];
    let seed = 7;
    const next = () => (seed = (seed * 48271) % 2147483647);
    for (let round = 0; round < 3000; round += 1) {
      const text = Array.from({ length: (next() % 9) + 1 }, () => pieces[next() % pieces.length]).join("");
      const filter = fromText(text, kindOf);
      // What can be shown survives the way out and back.
      if (filter) expect(fromText(toText(filter, kindOf), kindOf), text).toBeDefined();
    }
  });
});

describe("the builder's habits", () => {
  it("writes every operator of every kind in a form it can read again", () => {
    for (const [path, kind] of Object.entries(kinds)) {
      for (const operator of operatorsOf(kind)) {
        const values = { none: [], one: ["5"], many: ["5", "6"], days: ["5"] }[arityOf(operator)];
        const filter = all(condition(path, operator, ...values));
        expect(fromText(toText(filter, kindOf), kindOf), `${path} ${operator}`).toEqual(filter);
      }
    }
  });

  it("keeps values that fit the next operator", () => {
    const many = condition("level", "oneOf", "a", "b");
    expect(withOperator(many, "equals").values).toEqual(["a"]);
    expect(withOperator(many, "present").values).toEqual([]);
    expect(withOperator(condition("create_time", "inLastDays", "7"), "less").values).toEqual([]);
  });

  it("counts conditions through groups", () => {
    expect(conditionCount(all(condition("name", "present"), any(condition("level", "present"), condition("level", "absent"))))).toBe(3);
  });
});
