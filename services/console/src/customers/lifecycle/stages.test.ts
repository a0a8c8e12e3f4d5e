import { describe, expect, it } from "vitest";
import { isOverdue, stagesAfter } from "./stages";

describe("the life cycle", () => {
  it("offers only what may follow", () => {
    expect(stagesAfter("CUSTOMER_STAGE_ENDED")).toEqual(["CUSTOMER_STAGE_WIN_BACK"]);
    expect(stagesAfter("CUSTOMER_STAGE_UNSPECIFIED")).toEqual([]);
  });

  it("knows an open case as late from the day after it was due", () => {
    const churn = { state: "CHURN_STATE_WARNED", dueDate: "2026-05-01" } as const;
    expect([isOverdue(churn, "2026-05-01"), isOverdue(churn, "2026-05-02")]).toEqual([false, true]);
    expect(isOverdue({ ...churn, state: "CHURN_STATE_LOST" }, "2026-06-01")).toBe(false);
  });
});
