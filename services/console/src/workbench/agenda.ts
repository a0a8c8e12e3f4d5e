// What is due, sorted into overdue, today and this week; pure.
import dayjs, { type Dayjs } from "dayjs";
import type { Interaction } from "@/api/types";

export interface AgendaItem {
  interaction: Interaction;
  time: string;
  /** What follows from a done interaction, rather than a planned one. */
  isNextStep: boolean;
}

export interface Agenda {
  overdue: AgendaItem[];
  today: AgendaItem[];
  later: AgendaItem[];
}

export function agendaOf(planned: readonly Interaction[], followUps: readonly Interaction[], now: Dayjs = dayjs()): Agenda {
  const items: AgendaItem[] = [
    ...planned.flatMap((interaction) => (interaction.occurTime ? [{ interaction, time: interaction.occurTime, isNextStep: false }] : [])),
    ...followUps.flatMap((interaction) => (interaction.nextStepTime && interaction.nextStep ? [{ interaction, time: interaction.nextStepTime, isNextStep: true }] : [])),
  ];
  items.sort((a, b) => dayjs(a.time).valueOf() - dayjs(b.time).valueOf());
  const agenda: Agenda = { overdue: [], today: [], later: [] };
  for (const item of items) {
    const time = dayjs(item.time);
    // A next step without an hour of its own isn't late before its day is over.
    const late = item.isNextStep ? time.isBefore(now, "day") : time.isBefore(now);
    if (late) agenda.overdue.push(item);
    else if (time.isSame(now, "day")) agenda.today.push(item);
    else agenda.later.push(item);
  }
  return agenda;
}
