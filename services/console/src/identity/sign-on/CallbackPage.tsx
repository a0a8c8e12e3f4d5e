import { useEffect, useState } from "react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, Button } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useSearchParams } from "react-router";
import { asProblem } from "@/api/problem";
import { StartUp } from "@/app/StartUp";
import { deviceName } from "../sign-in/device";
import { EntryFrame } from "../sign-in/EntryFrame";
import { SecondFactorStep } from "../sign-in/SecondFactorStep";
import { afterSignIn } from "../sign-in/session";
import { completeSignOn, completeSignOnLink } from "./api";
import { endJourney, returnOf } from "./journey";

/** Back from a provider: what it has sent is exchanged for a session or a link, once. */
export function CallbackPage() {
  const { t } = useTranslation();
  const [search] = useSearchParams();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const back = returnOf(search);
  const [proven, setProven] = useState<string>();
  const arrival = useQuery({
    // The state is good for one exchange; the query makes it once however often this is drawn.
    queryKey: ["signOn", search.get("state")],
    queryFn: async () => {
      const journey = endJourney();
      if ("refusal" in back || !journey) return undefined;
      const { state, code } = back;
      const { browserSecret } = journey;
      if (journey.purpose === "link") {
        await completeSignOnLink({ state, code, browserSecret });
        return { next: "/profile?tab=security" };
      }
      const answer = await completeSignOn({ state, code, browserSecret, device: deviceName(navigator.userAgent) });
      return answer.challenge ? { begun: answer } : { next: afterSignIn(answer, answer.returnTo) };
    },
    retry: false,
    staleTime: Infinity,
  });
  const begun = arrival.data?.begun;
  const next = proven ?? arrival.data?.next;

  useEffect(() => {
    document.title = `${t("security.signOn.title")} · ${t("app.name")}`;
  }, [t]);
  useEffect(() => {
    if (!next) return;
    queries.clear();
    void navigate(next, { replace: true });
  }, [next, navigate, queries]);

  if (arrival.isPending || next) return <StartUp />;
  if (begun) {
    const again = () => void navigate("/sign-in", { replace: true });
    return (
      <EntryFrame title={t("security.proof.title")} text={t("security.signOn.factorText")}>
        <SecondFactorStep begun={begun} onDone={(answer) => setProven(afterSignIn(answer, begun.returnTo))} onExpired={again} onBack={again} />
      </EntryFrame>
    );
  }
  const refused = "refusal" in back && t(`security.signOn.${back.refusal.text}`, { code: back.refusal.code });
  const refusal = refused || (arrival.error ? asProblem(arrival.error).detail : "");
  return (
    <EntryFrame title={t("security.signOn.title")} text={t("security.signOn.failedText")}>
      <Alert type="error" showIcon title={refusal || t("security.signOn.failed")} style={{ marginBottom: 16 }} data-testid="sign-on-failed" />
      <Link to="/sign-in" replace>
        <Button type="primary" size="large" block>
          {t("security.backToSignIn")}
        </Button>
      </Link>
    </EntryFrame>
  );
}
