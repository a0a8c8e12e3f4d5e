import { describe, expect, it } from "vitest";
import type { Customer, Field } from "@/api/types";
import { builtInAttributes, customAttribute } from "../attributes";
import { patchOf, valuesOf } from "./formValues";

const budget = { key: "budget", type: "FIELD_TYPE_DECIMAL", labelZh: "预算", labelEn: "Budget" } as unknown as Field;
const attributes = [...builtInAttributes((key) => key), customAttribute(budget, false)];
const customer = {
  kind: "CUSTOMER_KIND_PERSON",
  name: "张三",
  phone: "138****5678",
  level: "vip",
  remark: "",
  gender: "GENDER_MALE",
  satisfaction: 4,
  addresses: [{ label: "home", region: "330106", street: "文三路1号", postalCode: "" }],
  customFields: { budget: { decimalValue: "100.50" } },
} as unknown as Customer;

describe("a customer's form", () => {
  const before = valuesOf(customer, attributes);

  it("sends nothing when nothing was changed", () => {
    expect(patchOf(before, valuesOf(customer, attributes), attributes)).toEqual({ body: {}, mask: [] });
  });

  it("sends only what was changed, so that masked values are never written back", () => {
    const patch = patchOf(before, { ...before, name: "张三丰", remark: undefined }, attributes);
    expect(patch).toEqual({ body: { name: "张三丰" }, mask: ["name"] });
  });

  it("clears what was emptied", () => {
    const patch = patchOf(before, { ...before, level: "", gender: "", satisfaction: 0, customFields: { budget: "" } }, attributes);
    expect(patch.mask.sort()).toEqual(["custom_fields.budget", "gender", "level", "satisfaction"]);
    expect(patch.body).toEqual({ level: "", gender: "GENDER_UNSPECIFIED", satisfaction: 0 });
  });

  it("keeps decimals as they were typed", () => {
    const patch = patchOf(before, { ...before, customFields: { budget: "12345678901234567890.10" } }, attributes);
    expect(patch.body.customFields).toEqual({ budget: { decimalValue: "12345678901234567890.10" } });
  });

  it("replaces addresses as a whole", () => {
    const patch = patchOf(before, { ...before, addresses: [] }, attributes);
    expect(patch).toEqual({ body: { addresses: [] }, mask: ["addresses"] });
  });
});
