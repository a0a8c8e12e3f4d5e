// Which cells of the list may be changed in place, and what a change is; pure.
import type { Customer } from "@/api/types";
import { isMasked } from "@/shared/masked";
import { attributeValue } from "../../AttributeValue";
import type { Attribute } from "../../attributes";
import type { PlainValue } from "../../fields/values";
import { patchOf, valuesOf, type CustomerChanges } from "../../record/formValues";

const personalKeys = new Set<Attribute["key"]>(["phone", "email", "idNumber", "bankAccount"]);

export function isPersonal(attribute: Attribute): boolean {
  return personalKeys.has(attribute.key) || (attribute.field !== undefined && attribute.field.personalData !== "PERSONAL_DATA_UNSPECIFIED");
}

/**
 * Whoever does not see a value must not write over it. What a role hides looks as if it were empty: an empty cell of personal
 * data is only open where some row shows that the reader sees them in clear.
 */
export function isOpen(customer: Customer, attribute: Attribute, seenInClear: ReadonlySet<string>): boolean {
  if (!attribute.editable || customer.state === "CUSTOMER_STATE_INVALID") return false;
  if (attribute.only && attribute.only !== customer.kind) return false;
  const value = attributeValue(customer, attribute);
  if (!isPersonal(attribute)) return true;
  return value === undefined || value === "" ? seenInClear.has(attribute.maskPath) : !isMasked(value);
}

/** The personal attributes that the rows show in clear. */
export function clearAttributes(rows: readonly Customer[], attributes: readonly Attribute[]): ReadonlySet<string> {
  const shown = (attribute: Attribute) =>
    rows.some((row) => {
      const value = attributeValue(row, attribute);
      return value !== undefined && value !== "" && !isMasked(value);
    });
  return new Set(attributes.filter((attribute) => isPersonal(attribute) && shown(attribute)).map(({ maskPath }) => maskPath));
}

/** What a cell holds before it is edited. */
export function cellValue(customer: Customer, attribute: Attribute): PlainValue {
  const values = valuesOf(customer, [attribute]);
  if (attribute.field?.key) return values.customFields?.[attribute.field.key];
  return attribute.key ? (values[attribute.key] as PlainValue) : undefined;
}

/** The change that sets one attribute; nothing in its mask when that is so already. */
export function cellPatch(customer: Customer, attribute: Attribute, value: PlainValue): CustomerChanges {
  const before = valuesOf(customer, [attribute]);
  const after = attribute.field?.key ? { ...before, customFields: { ...before.customFields, [attribute.field.key]: value } } : { ...before, [attribute.key ?? ""]: value };
  return patchOf(before, after, [attribute]);
}

/** The customer as it will be, shown until the service has said so. */
export function withPatch(customer: Customer, attribute: Attribute, { body }: CustomerChanges): Customer {
  const key = attribute.field?.key;
  if (!key) return { ...customer, ...body } as Customer;
  const others = Object.entries(customer.customFields ?? {}).filter(([name]) => name !== key);
  return { ...customer, customFields: { ...Object.fromEntries(others), ...body.customFields } } as Customer;
}
