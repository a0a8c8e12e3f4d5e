// How far a bulk change has come; pure.
import type { BulkChange } from "@/api/types";
import { snakeCase, type Attribute } from "../../attributes";
import { plainValue, type PlainValue } from "../../fields/values";
import { isPersonal } from "../edit/editable";

export function percentOf(bulk: BulkChange): number {
  const count = (text: string) => Number(text);
  const undoing = bulk.state === "BULK_CHANGE_STATE_UNDOING";
  const done = undoing ? count(bulk.restoredCount) + count(bulk.keptCount) : count(bulk.changedCount) + count(bulk.unchangedCount) + count(bulk.refusedCount);
  const whole = undoing ? count(bulk.changedCount) : count(bulk.expectedCount);
  return whole > 0 ? Math.min(100, Math.floor((done * 100) / whole)) : 0;
}

const shared = new Set(["region", "industry", "source", "level", "grade", "credit", "satisfaction", "status"]);

/** Fields whose value many customers may share. */
export const isBulkField = (attribute: Attribute) =>
  attribute.editable && (attribute.field ? !attribute.field.unique && !isPersonal(attribute) : shared.has(attribute.path));

/** The fields that a bulk change sets, with their values. */
export function setBy(bulk: BulkChange, attributes: readonly Attribute[]): { attribute: Attribute; value: PlainValue }[] {
  const paths = bulk.updateMask?.split(",").map(snakeCase) ?? [];
  return attributes
    .filter(({ maskPath }) => paths.includes(maskPath))
    .map((attribute) => {
      const key = attribute.field?.key;
      const value = key ? plainValue(bulk.customer?.customFields[key]) : ((attribute.key && bulk.customer?.[attribute.key]) as PlainValue);
      return { attribute, value };
    });
}
