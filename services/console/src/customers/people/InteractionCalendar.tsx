import { useState } from "react";
import dayjs from "dayjs";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { Interaction } from "@/api/types";
import { Calendar } from "@/shared/calendar/Calendar";
import { daysOf, dayText, spanFilter, today, type Entry, type Span } from "@/shared/calendar/days";
import { gather } from "@/shared/calendar/gather";
import { Fault } from "@/shared/states";
import { listInteractions } from "../api";
import type { Attribute } from "../attributes";
import { recordValue } from "./attributes";

export function InteractionCalendar({ by, filter }: { by: Attribute; filter: string }) {
  const [cursor, setCursor] = useState(today);
  const [span, setSpan] = useState<Span>("month");
  const days = daysOf(cursor, span);
  const condition = spanFilter(by.path, days[0] ?? cursor, days.at(-1) ?? cursor);
  const wanted = filter ? `(${filter}) AND ${condition}` : condition;
  const query = useQuery({
    queryKey: ["interactions", "calendar", wanted],
    queryFn: () =>
      gather(
        (pageToken) => listInteractions({ filter: wanted, orderBy: by.path, pageSize: 200, pageToken }),
        (page) => page.interactions,
      ),
    placeholderData: keepPreviousData,
  });
  if (query.error && !query.data) return <Fault fault={query.error} retry={() => void query.refetch()} />;
  const entryOf = (interaction: Interaction): Entry[] => {
    const value = String(recordValue(interaction, by) ?? "");
    if (!value) return [];
    const time = by.kind === "timestamp" ? dayjs(value) : undefined;
    // What follows is what is due on the day of a next step.
    const title = by.path === "next_step_time" && interaction.nextStep ? interaction.nextStep : interaction.subject;
    return [
      {
        id: interaction.id,
        day: time ? dayText(time) : value,
        time: time?.format("HH:mm"),
        title: `${title} · ${interaction.customerName}`,
        hint: interaction.employeeName,
        path: `/customers/${interaction.customerId}`,
        faded: interaction.state === "INTERACTION_STATE_CANCELLED",
      },
    ];
  };
  return (
    <Calendar
      cursor={cursor}
      span={span}
      onMove={(next, nextSpan) => {
        setCursor(next);
        setSpan(nextSpan);
      }}
      entries={query.data?.items.flatMap(entryOf) ?? []}
      loading={query.isFetching}
      cut={query.data?.cut ?? false}
    />
  );
}
