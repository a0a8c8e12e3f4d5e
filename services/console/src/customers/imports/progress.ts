// Figures of a run; pure.
import type { Import, ImportProgress, ImportState } from "@/api/types";

export const stateColors: Record<ImportState, string> = {
  IMPORT_STATE_UNSPECIFIED: "default",
  IMPORT_STATE_READY: "default",
  IMPORT_STATE_RUNNING: "blue",
  IMPORT_STATE_COMPLETED: "green",
  IMPORT_STATE_CANCELLED: "gold",
  IMPORT_STATE_FAILED: "red",
};

export const figures = ["created", "updated", "unchanged", "skipped", "failed"] as const satisfies (keyof ImportProgress)[];

export function percentDone({ progress, rowCount }: Pick<Import, "progress" | "rowCount">): number {
  const rows = Number(rowCount);
  if (rows === 0) return 0;
  // 100 is said only when nothing is left, never by rounding.
  const percent = Math.floor((Number(progress?.processed ?? 0) / rows) * 100);
  return Math.min(100, percent);
}

/** Which step of the wizard an import is at. */
export function stepOf({ state, dryRun, progress }: Pick<Import, "state" | "dryRun" | "progress">): "map" | "checked" | "running" | "done" {
  if (state === "IMPORT_STATE_RUNNING") return "running";
  if (state === "IMPORT_STATE_READY" || state === undefined || state === "IMPORT_STATE_UNSPECIFIED") {
    return dryRun && Number(progress?.processed ?? 0) > 0 ? "checked" : "map";
  }
  // A dry run that was cancelled or broke off leaves the file to be run.
  return dryRun ? "map" : "done";
}
