// Values of custom fields between the API's typed message and what inputs hold; pure.
import type { FieldType, FieldValue, FieldValueInput } from "@/api/types";

export type PlainValue = string | number | boolean | string[] | undefined;

export function plainValue(value: FieldValue | undefined): PlainValue {
  if (!value) return undefined;
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.integerValue !== undefined) return value.integerValue;
  if (value.decimalValue !== undefined) return value.decimalValue;
  if (value.booleanValue !== undefined) return value.booleanValue;
  if (value.dateValue !== undefined) return value.dateValue;
  if (value.timestampValue !== undefined) return value.timestampValue;
  return value.optionsValue?.codes;
}

/** `undefined` for an empty input, which takes the value away. */
export function fieldValue(type: FieldType | undefined, value: PlainValue): FieldValueInput | undefined {
  if (value === undefined || value === "" || (Array.isArray(value) && value.length === 0)) return undefined;
  switch (type) {
    case "FIELD_TYPE_INTEGER":
      return { integerValue: String(value) };
    case "FIELD_TYPE_DECIMAL":
      return { decimalValue: String(value) };
    case "FIELD_TYPE_BOOLEAN":
      return { booleanValue: Boolean(value) };
    case "FIELD_TYPE_DATE":
      return { dateValue: String(value) };
    case "FIELD_TYPE_TIMESTAMP":
      return { timestampValue: String(value) };
    case "FIELD_TYPE_OPTIONS":
      return { optionsValue: { codes: [value].flat().map(String) } };
    default:
      return { stringValue: String(value) };
  }
}
