import { describe, expect, it } from "vitest";
import { deletedRecords, recordPath } from "./texts";

const entry = (action: string, recordId: string, subjectId = "") => ({ action, recordKind: action.slice(0, action.indexOf(".")), recordId, subjectId });

describe("the screen of a record", () => {
  it("is the record's own, or that of the customer it belongs to", () => {
    expect(recordPath(entry("customer.updated", "c1", "c1"), new Set())).toBe("/customers/c1");
    expect(recordPath(entry("contact.updated", "k1", "c1"), new Set())).toBe("/customers/c1");
    expect(recordPath(entry("webhook_endpoint.updated", "w1"), new Set())).toBe("/webhooks/w1");
    expect(recordPath(entry("role.updated", "r1"), new Set())).toBeUndefined();
    expect(recordPath(entry("import.uploaded", ""), new Set())).toBeUndefined();
  });

  it("is gone with the record, in earlier entries too", () => {
    const entries = [entry("webhook_endpoint.deleted", "w1"), entry("webhook_endpoint.created", "w1"), entry("webhook_endpoint.created", "w2")];
    const deleted = deletedRecords(entries);
    expect(entries.map((one) => recordPath(one, deleted))).toEqual([undefined, undefined, "/webhooks/w2"]);
  });

  it("stays that of the customer whose part is gone", () => {
    const gone = entry("relation.deleted", "r1", "c1");
    expect(recordPath(gone, deletedRecords([gone]))).toBe("/customers/c1");
  });
});
