import { describe, expect, it } from "vitest";
import type { BulkChange, Field } from "@/api/types";
import { builtInAttributes, customAttribute } from "../../attributes";
import { isBulkField, percentOf, setBy } from "./progress";

const bulk = (change: Partial<BulkChange>) =>
  ({ state: "BULK_CHANGE_STATE_RUNNING", expectedCount: "200", changedCount: "0", unchangedCount: "0", refusedCount: "0", restoredCount: "0", keptCount: "0", ...change }) as BulkChange;
const field = (change: Partial<Field>) => customAttribute({ key: "stage", type: "FIELD_TYPE_TEXT", labelZh: "阶段", writable: true, personalData: "PERSONAL_DATA_UNSPECIFIED", ...change } as Field, false);

describe("a bulk change", () => {
  it("counts what was looked at, there and back", () => {
    expect(percentOf(bulk({ changedCount: "90", unchangedCount: "8", refusedCount: "2" }))).toBe(50);
    expect(percentOf(bulk({ state: "BULK_CHANGE_STATE_UNDOING", changedCount: "90", restoredCount: "30", keptCount: "15" }))).toBe(50);
    expect(percentOf(bulk({ expectedCount: "0" }))).toBe(0);
  });

  it("sets what customers share, and nobody's own", () => {
    const paths = builtInAttributes((key) => key).filter(isBulkField).map(({ path }) => path);
    expect(paths).toEqual(["level", "status", "region", "industry", "source", "grade", "credit", "satisfaction"]);
    expect([field({}), field({ unique: true }), field({ personalData: "PERSONAL_DATA_PHONE" }), field({ writable: false })].map(isBulkField)).toEqual([true, false, false, false]);
  });

  it("says what it sets, emptied fields too", () => {
    const attributes = [...builtInAttributes((key) => key), field({})];
    const change = bulk({ updateMask: "level,customFields.stage", customer: { level: "", customFields: { stage: { stringValue: "签约" } } } as unknown as BulkChange["customer"] });
    expect(setBy(change, attributes).map(({ attribute, value }) => [attribute.path, value])).toEqual([
      ["level", ""],
      ["custom.stage", "签约"],
    ]);
  });
});
