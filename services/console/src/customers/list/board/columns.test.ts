import { describe, expect, it } from "vitest";
import type { Customer, DictionaryEntry } from "@/api/types";
import { builtInAttributes, type Attribute } from "../../attributes";
import { belongs, boardColumns, isBoardField, withCard, within, without } from "./columns";

const attributes = builtInAttributes((key) => key);
const of = (path: string) => attributes.find((attribute) => attribute.path === path) as Attribute;
const entries = [
  { code: "vip", retired: false },
  { code: "old", retired: true },
  { code: 'a"b', retired: false },
] as DictionaryEntry[];
const customer = (id: string, level = "") => ({ id, level, customFields: {}, addresses: [] }) as unknown as Customer;

describe("the columns of a board", () => {
  it("are the values in use, with one for what has none", () => {
    expect(boardColumns(of("level"), entries).map(({ key, condition }) => [key, condition])).toEqual([
      ["", "NOT level:*"],
      ["vip", 'level = "vip"'],
      ['a"b', 'level = "a\\"b"'],
    ]);
    expect(boardColumns(of("kind"), []).map(({ condition }) => condition)).toEqual(["kind = PERSON", "kind = ORGANIZATION"]);
    expect(boardColumns(of("satisfaction"), [])).toHaveLength(6);
    expect(attributes.filter(isBoardField).map(({ path }) => path)).toEqual(["kind", "level", "status", "industry", "source", "grade", "credit", "satisfaction"]);
  });

  it("keep a filter whole", () => {
    expect(within("a = 1 OR b = 2", "c = 3")).toBe("(a = 1 OR b = 2) AND c = 3");
    expect(within("", "c = 3")).toBe("c = 3");
  });

  it("lose and take cards, with their counts", () => {
    const pages = [{ customers: [customer("a"), customer("b")], totalCount: "3" }, { customers: [customer("c")] }];
    expect(without(pages, "c")[0]?.totalCount).toBe("2");
    expect(without(pages, "x")).toBe(pages);
    const taken = withCard(pages, customer("d"));
    expect([taken[0]?.customers.map(({ id }) => id), taken[0]?.totalCount]).toEqual([["d", "a", "b"], "4"]);
  });

  it("know their own", () => {
    const [none, vip] = boardColumns(of("level"), entries);
    expect([none, vip].map((column) => column && belongs(customer("a", "vip"), of("level"), column))).toEqual([false, true]);
    expect(none && belongs(customer("a"), of("level"), none)).toBe(true);
  });
});
