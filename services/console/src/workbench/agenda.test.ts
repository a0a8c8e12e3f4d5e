import dayjs from "dayjs";
import { describe, expect, it } from "vitest";
import type { Interaction } from "@/api/types";
import { agendaOf } from "./agenda";

const now = dayjs("2026-03-10T12:00:00");
const at = (time: string) => dayjs(time).toISOString();
const plan = (id: string, time: string) => ({ id, occurTime: at(time), nextStep: "" }) as unknown as Interaction;
const follow = (id: string, time: string) => ({ id, occurTime: at("2026-03-01T09:00:00"), nextStep: "送样", nextStepTime: at(time) }) as unknown as Interaction;
const ids = (items: { interaction: Interaction }[]) => items.map(({ interaction }) => interaction.id);

describe("the agenda", () => {
  it("sorts what is due by when it is due", () => {
    const agenda = agendaOf([plan("later", "2026-03-12T09:00:00"), plan("noon", "2026-03-10T15:00:00"), plan("late", "2026-03-10T09:00:00")], [], now);
    expect(ids(agenda.overdue)).toEqual(["late"]);
    expect(ids(agenda.today)).toEqual(["noon"]);
    expect(ids(agenda.later)).toEqual(["later"]);
  });

  it("gives a next step its whole day", () => {
    const agenda = agendaOf([], [follow("morning", "2026-03-10T08:00:00"), follow("yesterday", "2026-03-09T23:00:00")], now);
    expect(ids(agenda.today)).toEqual(["morning"]);
    expect(ids(agenda.overdue)).toEqual(["yesterday"]);
  });

  it("leaves out interactions without a next step", () => {
    const agenda = agendaOf([], [{ id: "x", occurTime: at("2026-03-01T09:00:00"), nextStep: "", nextStepTime: at("2026-03-10T08:00:00") } as unknown as Interaction], now);
    expect(agenda).toEqual({ overdue: [], today: [], later: [] });
  });
});
