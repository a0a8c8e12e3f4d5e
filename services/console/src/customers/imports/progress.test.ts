import { describe, expect, it } from "vitest";
import { percentDone, stepOf } from "./progress";

const progress = (processed: number) => ({ processed: String(processed), created: "0", updated: "0", unchanged: "0", skipped: "0", failed: "0" });

describe("the progress of an import", () => {
  it("says 100 % only at the end", () => {
    expect(percentDone({ rowCount: "1000", progress: progress(999) })).toBe(99);
    expect(percentDone({ rowCount: "1000", progress: progress(1000) })).toBe(100);
    expect(percentDone({ rowCount: "0", progress: undefined })).toBe(0);
  });

  it("leads to the step of the wizard", () => {
    expect(stepOf({ state: "IMPORT_STATE_READY", dryRun: false, progress: undefined })).toBe("map");
    expect(stepOf({ state: "IMPORT_STATE_READY", dryRun: true, progress: progress(5) })).toBe("checked");
    expect(stepOf({ state: "IMPORT_STATE_RUNNING", dryRun: true, progress: progress(1) })).toBe("running");
    expect(stepOf({ state: "IMPORT_STATE_CANCELLED", dryRun: true, progress: progress(1) })).toBe("map");
    expect(stepOf({ state: "IMPORT_STATE_COMPLETED", dryRun: false, progress: progress(5) })).toBe("done");
  });
});
