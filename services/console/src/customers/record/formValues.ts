// A customer ↔ the values of its form, and the difference as a PATCH; pure.
import type { Address, Customer, CustomerInput, CustomerPatch } from "@/api/types";
import { same } from "@/shared/changes";
import { snakeCase, type Attribute } from "../attributes";
import { fieldValue, plainValue, type PlainValue } from "../fields/values";

export interface CustomerValues {
  [key: string]: unknown;
  addresses?: Address[];
  customFields?: Record<string, PlainValue>;
}

export function valuesOf(customer: Customer | undefined, attributes: readonly Attribute[]): CustomerValues {
  const values: CustomerValues = { addresses: customer?.addresses ?? [], customFields: {} };
  for (const attribute of attributes) {
    if (attribute.field?.key) {
      const value = customer ? customer.customFields?.[attribute.field.key] : attribute.field.defaultValue;
      values.customFields = { ...values.customFields, [attribute.field.key]: plainValue(value) };
    } else if (attribute.editable && attribute.key && customer) {
      const key: string = attribute.key;
      values[key] = customer[attribute.key];
    }
  }
  if (!customer) values.kind = "CUSTOMER_KIND_ORGANIZATION";
  return values;
}

export interface CustomerChanges {
  body: CustomerPatch;
  /** Paths in snake case, as a field mask names them. */
  mask: string[];
}

/** Only what differs. An emptied field stands in the mask and not in the body, which clears it. */
export function patchOf(before: CustomerValues, after: CustomerValues, attributes: readonly Attribute[]): CustomerChanges {
  const body: Record<string, unknown> = {};
  const custom: NonNullable<CustomerInput["customFields"]> = {};
  const mask: string[] = [];
  for (const attribute of attributes) {
    if (!attribute.editable) continue;
    const key = attribute.field?.key;
    if (key) {
      const value = after.customFields?.[key];
      if (same(before.customFields?.[key], value)) continue;
      mask.push(attribute.maskPath);
      const typed = fieldValue(attribute.field?.type, value);
      if (typed) custom[key] = typed;
    } else if (attribute.key && !same(before[attribute.key], after[attribute.key])) {
      mask.push(snakeCase(attribute.key));
      const value = after[attribute.key];
      body[attribute.key] = value === undefined || value === "" ? emptyOf(attribute) : value;
    }
  }
  if (!same(before.addresses, after.addresses)) {
    mask.push("addresses");
    body.addresses = after.addresses ?? [];
  }
  if (Object.keys(custom).length > 0) body.customFields = custom;
  return { body: body, mask };
}

function emptyOf(attribute: Attribute): unknown {
  if (attribute.kind === "satisfaction") return 0;
  return attribute.key === "gender" ? "GENDER_UNSPECIFIED" : "";
}
