// Figures of a run; pure.
import type { Import, ImportProgress, ImportState } from "@/api/types";

export const stateColors: Record<ImportState, string> = {
  IMPORT_STATE_UNSPECIFIED: "default",
  IMPORT_STATE_READY: "default",
  IMPORT_STATE_RUNNING: "blue",
  IMPORT_STATE_COMPLETED: "green",
  IMPORT_STATE_CANCELLED: "gold",
  IMPORT_STATE_FAILED: "red",
  IMPORT_STATE_UNDOING: "blue",
  IMPORT_STATE_UNDONE: "default",
};

export const figures = ["created", "updated", "unchanged", "skipped", "failed"] as const satisfies (keyof ImportProgress)[];

export function percentDone({ progress, rowCount }: Pick<Import, "progress" | "rowCount">): number {
  const rows = Number(rowCount);
  if (rows === 0) return 0;
  // 100 is said only when nothing is left, never by rounding.
  const percent = Math.floor((Number(progress?.processed ?? 0) / rows) * 100);
  return Math.min(100, percent);
}

export function percentUndone({ undo }: Pick<Import, "undo">): number {
  const total = Number(undo?.total ?? 0);
  const done = Number(undo?.removed ?? 0) + Number(undo?.restored ?? 0) + Number(undo?.kept ?? 0);
  return total > 0 ? Math.min(100, Math.floor((done / total) * 100)) : 0;
}

/** Whether a real run, or what is left of it after taking back broke off, can be taken back. */
export function mayUndo({ state, dryRun, progress, undo }: Pick<Import, "state" | "dryRun" | "progress" | "undo">): boolean {
  if (state !== "IMPORT_STATE_COMPLETED" && state !== "IMPORT_STATE_CANCELLED" && state !== "IMPORT_STATE_FAILED") return false;
  return undo !== undefined || (!dryRun && Number(progress?.created ?? 0) + Number(progress?.updated ?? 0) > 0);
}

/** Which step of the wizard an import is at. */
export function stepOf({ state, dryRun, progress }: Pick<Import, "state" | "dryRun" | "progress">): "map" | "checked" | "running" | "done" {
  if (state === "IMPORT_STATE_RUNNING") return "running";
  if (state === "IMPORT_STATE_UNDOING" || state === "IMPORT_STATE_UNDONE") return "done";
  if (state === "IMPORT_STATE_READY" || state === undefined || state === "IMPORT_STATE_UNSPECIFIED") {
    return dryRun && Number(progress?.processed ?? 0) > 0 ? "checked" : "map";
  }
  // A dry run that was cancelled or broke off leaves the file to be run.
  return dryRun ? "map" : "done";
}
