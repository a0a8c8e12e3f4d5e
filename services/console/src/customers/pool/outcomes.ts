import { useTranslation } from "react-i18next";
import type { CustomerOutcome } from "@/api/types";
import { useNotices } from "@/shared/notices";

/** How many there are of each reason for a refusal, the most frequent first. */
export function refusals(outcomes: CustomerOutcome[]): [message: string, count: number][] {
  const counts = new Map<string, number>();
  for (const { reason, message } of outcomes) if (reason) counts.set(message, (counts.get(message) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one);
}

/** Tells of several customers at once: how many went through, and why the others did not. */
export function useOutcomes() {
  const { t } = useTranslation();
  const notices = useNotices();
  return (outcomes: CustomerOutcome[], done: (count: number) => string) => {
    const refused = refusals(outcomes);
    const count = outcomes.filter(({ reason }) => !reason).length;
    if (refused.length === 0) notices.done(done(count));
    else notices.partly(done(count), refused.map(([message, refusedCount]) => t("customers.pool.refused", { count: refusedCount, message })));
  };
}
