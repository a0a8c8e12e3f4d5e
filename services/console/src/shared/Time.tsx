import dayjs from "dayjs";
import { useTranslation } from "react-i18next";

interface TimeProps {
  value: string | undefined;
  /** `date` leaves the clock out; `relative` says "3 days ago". The full time is always in the title. */
  as?: "full" | "date" | "relative";
}

export function Time({ value, as = "full" }: TimeProps) {
  // The words of relative times follow the language.
  useTranslation();
  if (!value) return <span aria-hidden>—</span>;
  const time = dayjs(value);
  const full = time.format("YYYY-MM-DD HH:mm");
  const text = as === "relative" ? time.fromNow() : as === "date" ? time.format("YYYY-MM-DD") : full;
  return (
    <time dateTime={value} title={time.format("YYYY-MM-DD HH:mm:ss")} className="tabular" style={{ whiteSpace: "nowrap" }}>
      {text}
    </time>
  );
}
