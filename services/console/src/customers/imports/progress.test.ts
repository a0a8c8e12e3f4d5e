import { describe, expect, it } from "vitest";
import { mayUndo, percentDone, percentUndone, stepOf } from "./progress";

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

describe("taking an import back", () => {
  const undo = { total: "3", removed: "1", restored: "1", kept: "0" };
  const ran = { dryRun: false, progress: { created: "1", updated: "0", processed: "1", unchanged: "0", skipped: "0", failed: "0" } };

  it("says 100 % only when nothing is left", () => {
    expect(percentUndone({ undo: undefined })).toBe(0);
    expect(percentUndone({ undo })).toBe(66);
    expect(percentUndone({ undo: { ...undo, kept: "1" } })).toBe(100);
  });

  it("is for runs that are over and did something", () => {
    expect(mayUndo({ ...ran, state: "IMPORT_STATE_COMPLETED" })).toBe(true);
    expect(mayUndo({ ...ran, state: "IMPORT_STATE_COMPLETED", dryRun: true })).toBe(false);
    expect(mayUndo({ ...ran, state: "IMPORT_STATE_COMPLETED", progress: { ...ran.progress, created: "0" } })).toBe(false);
    expect(mayUndo({ ...ran, state: "IMPORT_STATE_RUNNING" })).toBe(false);
    expect(mayUndo({ ...ran, state: "IMPORT_STATE_UNDONE", undo })).toBe(false);
    // What broke off goes on.
    expect(mayUndo({ dryRun: true, state: "IMPORT_STATE_FAILED", undo })).toBe(true);
  });
});
