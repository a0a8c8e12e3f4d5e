import { useState } from "react";
import dayjs from "dayjs";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { Customer } from "@/api/types";
import { Calendar } from "@/shared/calendar/Calendar";
import { daysOf, dayText, spanFilter, today, yearlyDay, yearlyFilter, type Entry, type Span } from "@/shared/calendar/days";
import { gather } from "@/shared/calendar/gather";
import { Fault } from "@/shared/states";
import { listCustomers } from "../../api";
import { attributeValue } from "../../AttributeValue";
import type { Attribute } from "../../attributes";

/** Fields that have a day. */
export const isCalendarField = (attribute: Attribute) => attribute.filterable && (attribute.kind === "date" || attribute.kind === "timestamp");

/** What comes back every year. */
const yearly: Partial<Record<string, string>> = { birthday: "birthday_month_day" };

export function CustomerCalendar({ attribute, filter }: { attribute: Attribute; filter: string }) {
  const [cursor, setCursor] = useState(today);
  const [span, setSpan] = useState<Span>("month");
  const days = daysOf(cursor, span);
  const [first, last] = [days[0] ?? cursor, days.at(-1) ?? cursor];
  const path = yearly[attribute.path];
  const condition = path ? yearlyFilter(path, first, last) : spanFilter(attribute.path, first, last);
  const wanted = filter ? `(${filter}) AND ${condition}` : condition;
  const query = useQuery({
    queryKey: ["customers", "calendar", wanted],
    queryFn: () =>
      gather(
        (pageToken) => listCustomers({ filter: wanted, orderBy: path ?? (attribute.sortable || attribute.field ? attribute.path : undefined), pageSize: 200, pageToken }),
        (page) => page.customers,
      ),
    placeholderData: keepPreviousData,
  });
  if (query.error && !query.data) return <Fault fault={query.error} retry={() => void query.refetch()} />;

  const entryOf = (customer: Customer): Entry[] => {
    const value = attributeValue(customer, attribute);
    const time = attribute.kind === "timestamp" && value ? dayjs(String(value)) : undefined;
    const day = path ? yearlyDay(String(value ?? ""), days) : time ? dayText(time) : String(value ?? "");
    if (!day) return [];
    return [{ id: customer.id, day, time: time?.format("HH:mm"), title: customer.name, hint: customer.ownerName, path: `/customers/${customer.id}` }];
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
