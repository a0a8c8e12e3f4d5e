import { describe, expect, it } from "vitest";
import { fieldPath, sortViolations, type FieldPath } from "./violations";

const violation = (field: string, description = "wrong") => ({ field, reason: "X", description });

describe("field violations", () => {
  it("find nested and repeated fields", () => {
    expect(fieldPath("addresses[1].street")).toEqual(["addresses", 1, "street"]);
    expect(fieldPath("customFields.annual_budget")).toEqual(["customFields", "annual_budget"]);
  });

  it("are shown where the form has the field, with or without the name of the resource", () => {
    const fields = new Set(["name", "customFields.budget"]);
    const knows = (path: FieldPath) => fields.has(path.join("."));
    const sorted = sortViolations([violation("customer.name", "a"), violation("name", "b"), violation("customFields.budget"), violation("ownerId")], knows);
    expect(sorted.errors).toEqual([
      { name: ["name"], errors: ["a", "b"] },
      { name: ["customFields", "budget"], errors: ["wrong"] },
    ]);
    expect(sorted.rest.map(({ field }) => field)).toEqual(["ownerId"]);
  });
});
