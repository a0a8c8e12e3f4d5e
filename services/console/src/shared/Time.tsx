import dayjs from "dayjs";
import { useTranslation } from "react-i18next";

const relativeDays = 30;

interface TimeProps {
  value: string | undefined;
  /** `date` leaves the clock out; `relative` says "3 days ago" while that says more than the date. The full time is always in the title. */
  as?: "full" | "date" | "relative";
}

export function Time({ value, as = "full" }: TimeProps) {
  // The words of relative times follow the language.
  useTranslation();
  if (!value) return <span aria-hidden>—</span>;
  const time = dayjs(value);
  const isNear = Math.abs(time.diff(dayjs(), "day")) < relativeDays;
  const text = as === "full" ? time.format("YYYY-MM-DD HH:mm") : as === "relative" && isNear ? time.fromNow() : time.format("YYYY-MM-DD");
  return (
    <time dateTime={value} title={time.format("YYYY-MM-DD HH:mm:ss")} className="tabular" style={{ whiteSpace: "nowrap" }}>
      {text}
    </time>
  );
}
