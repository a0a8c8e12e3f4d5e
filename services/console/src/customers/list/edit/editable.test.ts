import { describe, expect, it } from "vitest";
import type { Customer, Field } from "@/api/types";
import { builtInAttributes, customAttribute, type Attribute } from "../../attributes";
import { cellPatch, cellValue, clearAttributes, isOpen, withPatch } from "./editable";

const attributes = builtInAttributes((key) => key);
const of = (path: string) => attributes.find((attribute) => attribute.path === path) as Attribute;
const budget = customAttribute({ key: "budget", type: "FIELD_TYPE_DECIMAL", labelZh: "预算", writable: true, personalData: "PERSONAL_DATA_UNSPECIFIED" } as Field, false);
const customer = { id: "1", etag: "3", kind: "CUSTOMER_KIND_ORGANIZATION", state: "CUSTOMER_STATE_ACTIVE", name: "甲", level: "vip", phone: "", customFields: {}, addresses: [] } as unknown as Customer;
const nothing = new Set<string>();

describe("cells that are edited in place", () => {
  it("are those whose values one may write and sees", () => {
    expect(isOpen(customer, of("level"), nothing)).toBe(true);
    expect(isOpen(customer, of("create_time"), nothing)).toBe(false);
    expect(isOpen(customer, of("birthday"), nothing)).toBe(false);
    expect(isOpen({ ...customer, state: "CUSTOMER_STATE_INVALID" }, of("level"), nothing)).toBe(false);
    expect(isOpen(customer, { ...budget, editable: false }, nothing)).toBe(false);
    expect(isOpen({ ...customer, phone: "138****5678" }, of("phone"), new Set(["phone"]))).toBe(false);
  });

  it("tell what is hidden from what is empty", () => {
    expect(isOpen(customer, of("phone"), nothing)).toBe(false);
    const rows = [customer, { ...customer, phone: "13800138000", email: "a***@b.cn" }];
    const clear = clearAttributes(rows, attributes);
    expect([...clear]).toEqual(["phone"]);
    expect(isOpen(customer, of("phone"), clear)).toBe(true);
  });

  it("send one field, and nothing where nothing changed", () => {
    expect(cellPatch(customer, of("level"), "vip").mask).toEqual([]);
    expect(cellPatch(customer, of("level"), "")).toEqual({ body: { level: "" }, mask: ["level"] });
    const patch = cellPatch(customer, budget, "12.5");
    expect(patch).toEqual({ body: { customFields: { budget: { decimalValue: "12.5" } } }, mask: ["custom_fields.budget"] });
    const changed = withPatch(customer, budget, patch);
    expect(cellValue(changed, budget)).toBe("12.5");
    expect(cellValue(withPatch(changed, budget, cellPatch(changed, budget, "")), budget)).toBeUndefined();
  });
});
