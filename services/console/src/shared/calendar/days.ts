// The days that a calendar shows, and what falls on them; pure.
import dayjs, { type Dayjs } from "dayjs";

export type Span = "month" | "week";

export const dayText = (day: Dayjs) => day.format("YYYY-MM-DD");

/** Weeks begin on Monday, whatever the language. */
const monday = (day: Dayjs) => day.subtract((day.day() + 6) % 7, "day").startOf("day");

/** Whole weeks around a day. */
export function daysOf(cursor: Dayjs, span: Span): Dayjs[] {
  const first = monday(span === "month" ? cursor.startOf("month") : cursor);
  const last = span === "month" ? monday(cursor.endOf("month")).add(6, "day") : first.add(6, "day");
  return Array.from({ length: last.diff(first, "day") + 1 }, (_, place) => first.add(place, "day"));
}

export interface Entry {
  id: string;
  /** YYYY-MM-DD */
  day: string;
  /** Of the clock, where it has one. */
  time?: string;
  title: string;
  hint?: string;
  path: string;
  faded?: boolean;
}

export function byDay(entries: readonly Entry[]): Map<string, Entry[]> {
  const days = new Map<string, Entry[]>();
  for (const entry of entries) days.set(entry.day, [...(days.get(entry.day) ?? []), entry]);
  for (const list of days.values()) list.sort((a, b) => ((a.time ?? "") < (b.time ?? "") ? -1 : 1));
  return days;
}

/** Where a key leads from a day. */
export function dayAfter(key: string, day: Dayjs): Dayjs | undefined {
  const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
  const step = steps[key];
  if (step) return day.add(step, "day");
  if (key === "PageUp" || key === "PageDown") return day.add(key === "PageUp" ? -1 : 1, "month");
  if (key === "Home") return monday(day);
  return key === "End" ? monday(day).add(6, "day") : undefined;
}

/** The filter that finds what falls on some days, by a field that has a day or a time. */
export const spanFilter = (path: string, first: Dayjs, last: Dayjs) => `${path} >= ${dayText(first)} AND ${path} <= ${dayText(last)}`;

const monthDay = (day: Dayjs) => (day.month() + 1) * 100 + day.date();

/** The same of days that come back every year, by a field that holds 1231 for the last of December. */
export function yearlyFilter(path: string, first: Dayjs, last: Dayjs): string {
  const joint = first.year() === last.year() ? "AND" : "OR";
  const range = `${path} >= ${monthDay(first)} ${joint} ${path} <= ${monthDay(last)}`;
  return joint === "OR" ? `(${range})` : range;
}

/** The day on which a birthday falls among those shown; one of 29 February has none in most years, and is kept on 1 March. */
export function yearlyDay(birthday: string, shown: readonly Dayjs[]): string | undefined {
  const date = birthday.slice(5);
  const find = (wanted: string) => shown.find((day) => day.format("MM-DD") === wanted);
  const day = find(date) ?? (date === "02-29" ? find("03-01") : undefined);
  return day && dayText(day);
}

export const today = () => dayjs().startOf("day");
