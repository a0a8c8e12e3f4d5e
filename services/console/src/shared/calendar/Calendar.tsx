// 日历: months and weeks of records by a day. Arrows walk the days, Enter opens one; a phone has the days as a list.
import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { LeftOutlined, RightOutlined } from "@ant-design/icons";
import { Alert, Button, Drawer, Flex, Segmented, Spin, Typography } from "antd";
import type { Dayjs } from "dayjs";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useFocusReturn } from "../drawer";
import { Nothing } from "../states";
import { usePhone } from "../usePhone";
import { byDay, dayAfter, daysOf, dayText, today, type Entry, type Span } from "./days";
import "./calendar.css";

interface CalendarProps {
  cursor: Dayjs;
  span: Span;
  onMove: (cursor: Dayjs, span: Span) => void;
  entries: Entry[];
  loading: boolean;
  /** There are more than are shown. */
  cut: boolean;
}

const mostOfDay = { month: 3, week: 14 };

export function Calendar({ cursor, span, onMove, entries, loading, cut }: CalendarProps) {
  const { t, i18n } = useTranslation();
  const phone = usePhone();
  const [opened, setOpened] = useState<Dayjs>();
  const frame = useRef<HTMLDivElement>(null);
  const walking = useRef(false);
  const days = daysOf(cursor, span);
  const found = byDay(entries);
  const at = dayText(cursor);

  // The day that a key leads to may be of another month.
  useEffect(() => {
    if (!walking.current) return;
    walking.current = false;
    frame.current?.querySelector<HTMLElement>(`[data-day="${at}"]`)?.focus();
  }, [at]);
  const onKeyDown = (event: KeyboardEvent, day: Dayjs) => {
    if (event.target !== event.currentTarget) return;
    const next = dayAfter(event.key, day);
    if (next) {
      event.preventDefault();
      walking.current = true;
      onMove(next, span);
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      setOpened(day);
    }
  };
  const title = span === "month" ? cursor.format(i18n.language === "en" ? "MMMM YYYY" : "YYYY年M月") : `${days[0]?.format("YYYY-MM-DD")} – ${days.at(-1)?.format("MM-DD")}`;
  const nameOf = (day: Dayjs) => new Intl.DateTimeFormat(i18n.language, { weekday: "short" }).format(day.toDate());
  const listed = days.filter((day) => (found.get(dayText(day))?.length ?? 0) > 0);
  return (
    <Flex vertical gap={12} data-testid="calendar">
      <Flex gap={8} align="center" wrap>
        <Button icon={<LeftOutlined />} onClick={() => onMove(cursor.subtract(1, span), span)} aria-label={t("lists.calendar.before")} />
        <Button onClick={() => onMove(today(), span)}>{t("lists.calendar.today")}</Button>
        <Button icon={<RightOutlined />} onClick={() => onMove(cursor.add(1, span), span)} aria-label={t("lists.calendar.after")} />
        <Typography.Title level={2} style={{ fontSize: 16, margin: 0 }} aria-live="polite" data-testid="calendar-title">
          {title}
        </Typography.Title>
        {loading && <Spin size="small" />}
        <div style={{ flex: 1 }} />
        <Segmented<Span>
          value={span}
          onChange={(next) => onMove(cursor, next)}
          options={[
            { value: "month", label: t("lists.calendar.month") },
            { value: "week", label: t("lists.calendar.week") },
          ]}
        />
      </Flex>
      {cut && <Alert type="info" showIcon title={t("lists.calendar.cut")} />}
      {phone ? (
        listed.length === 0 && !loading ? (
          <Nothing text={t("lists.calendar.nothing")} />
        ) : (
          listed.map((day) => (
            <section key={dayText(day)} aria-label={dayText(day)}>
              <Typography.Text strong>
                {day.format("MM-DD")} {nameOf(day)}
              </Typography.Text>
              {found.get(dayText(day))?.map((entry) => <EntryLink key={entry.id} entry={entry} />)}
            </section>
          ))
        )
      ) : (
        <div ref={frame} role="grid" aria-label={title} className="calendar">
          <div role="row" className="calendar-week">
            {days.slice(0, 7).map((day) => (
              <div key={day.day()} role="columnheader" className="calendar-head">
                {nameOf(day)}
              </div>
            ))}
          </div>
          {Array.from({ length: days.length / 7 }, (_, week) => (
            <div key={week} role="row" className="calendar-week">
              {days.slice(week * 7, week * 7 + 7).map((day) => {
                const text = dayText(day);
                const here = found.get(text) ?? [];
                const more = here.length - mostOfDay[span];
                const classes = ["calendar-day", span === "month" && day.month() !== cursor.month() && "calendar-other", text === dayText(today()) && "calendar-today", span === "week" && "calendar-tall"];
                return (
                  <div
                    key={text}
                    role="gridcell"
                    tabIndex={text === at ? 0 : -1}
                    aria-label={t("lists.calendar.day", { day: text, count: here.length })}
                    data-day={text}
                    className={classes.filter(Boolean).join(" ")}
                    onKeyDown={(event) => onKeyDown(event, day)}
                    onClick={(event) => event.target === event.currentTarget && setOpened(day)}
                  >
                    <span className="calendar-number">{day.date()}</span>
                    {here.slice(0, mostOfDay[span]).map((entry) => (
                      <EntryLink key={entry.id} entry={entry} />
                    ))}
                    {more > 0 && (
                      <Button type="link" size="small" tabIndex={-1} onClick={() => setOpened(day)} style={{ padding: 0, height: 20 }}>
                        {t("lists.calendar.more", { count: more })}
                      </Button>
                    )}
                  </div>
                );
              })}
            </div>
          ))}
        </div>
      )}
      {opened && <DayDrawer day={opened} entries={found.get(dayText(opened)) ?? []} onClose={() => setOpened(undefined)} />}
    </Flex>
  );
}

function EntryLink({ entry }: { entry: Entry }) {
  return (
    <Link to={entry.path} tabIndex={-1} title={[entry.time, entry.title, entry.hint].filter(Boolean).join(" · ")} className={entry.faded ? "calendar-entry calendar-faded" : "calendar-entry"} data-testid="calendar-entry">
      {entry.time && <span className="tabular">{entry.time}</span>} {entry.title}
    </Link>
  );
}

function DayDrawer({ day, entries, onClose }: { day: Dayjs; entries: Entry[]; onClose: () => void }) {
  const { t } = useTranslation();
  useFocusReturn();
  return (
    <Drawer open title={dayText(day)} onClose={onClose} data-testid="calendar-day">
      {entries.length === 0 ? (
        <Nothing text={t("lists.calendar.nothing")} />
      ) : (
        <ul className="divided">
          {entries.map((entry) => (
            <li key={entry.id}>
              <Link to={entry.path}>
                {entry.time && <span className="tabular">{entry.time}</span>} {entry.title}
              </Link>
              {entry.hint && (
                <div>
                  <Typography.Text type="secondary">{entry.hint}</Typography.Text>
                </div>
              )}
            </li>
          ))}
        </ul>
      )}
    </Drawer>
  );
}
