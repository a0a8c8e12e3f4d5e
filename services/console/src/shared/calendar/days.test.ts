import dayjs from "dayjs";
import { describe, expect, it } from "vitest";
import { byDay, dayAfter, daysOf, dayText, spanFilter, yearlyDay, yearlyFilter, type Entry } from "./days";

const day = (text: string) => dayjs(text);

describe("a calendar", () => {
  it("shows whole weeks from Monday on", () => {
    const month = daysOf(day("2026-11-18"), "month");
    expect([month[0], month.at(-1)].map((one) => one && dayText(one))).toEqual(["2026-10-26", "2026-12-06"]);
    const week = daysOf(day("2026-11-22"), "week");
    expect([week.length, week[0] && dayText(week[0])]).toEqual([7, "2026-11-16"]);
    expect(daysOf(day("2027-02-10"), "month")).toHaveLength(28);
  });

  it("is walked by keyboard", () => {
    const to = (key: string) => {
      const next = dayAfter(key, day("2026-11-18"));
      return next && dayText(next);
    };
    expect(["ArrowLeft", "ArrowDown", "PageDown", "Home", "End", "x"].map(to)).toEqual(["2026-11-17", "2026-11-25", "2026-12-18", "2026-11-16", "2026-11-22", undefined]);
  });

  it("asks for its days, those of every year around New Year too", () => {
    expect(spanFilter("custom.due", day("2026-10-26"), day("2026-12-06"))).toBe("custom.due >= 2026-10-26 AND custom.due <= 2026-12-06");
    expect(yearlyFilter("x", day("2026-10-26"), day("2026-12-06"))).toBe("x >= 1026 AND x <= 1206");
    expect(yearlyFilter("x", day("2026-12-28"), day("2027-01-31"))).toBe("(x >= 1228 OR x <= 131)");
  });

  it("puts birthdays on their days, and those of 29 February on 1 March", () => {
    const shown = daysOf(day("2027-02-10"), "month").concat(day("2027-03-01"));
    expect(yearlyDay("1984-02-03", shown)).toBe("2027-02-03");
    expect(yearlyDay("1984-02-29", shown)).toBe("2027-03-01");
    expect(yearlyDay("1984-07-01", shown)).toBeUndefined();
  });

  it("orders a day by the clock", () => {
    const entry = (id: string, time: string): Entry => ({ id, day: "2026-11-18", time, title: id, path: "" });
    expect(byDay([entry("b", "14:00"), entry("a", "09:00")]).get("2026-11-18")?.map(({ id }) => id)).toEqual(["a", "b"]);
  });
});
