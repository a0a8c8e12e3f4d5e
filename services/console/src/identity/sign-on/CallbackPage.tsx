import { useEffect } from "react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, Button } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useSearchParams } from "react-router";
import { asProblem } from "@/api/problem";
import { StartUp } from "@/app/StartUp";
import { deviceName } from "../sign-in/device";
import { EntryFrame } from "../sign-in/EntryFrame";
import { safeNext } from "../sign-in/session";
import { completeSignOn, completeSignOnLink } from "./api";
import { endJourney, returnOf } from "./journey";

/** Back from a provider: what it has sent is exchanged for a session or a link, once. */
export function CallbackPage() {
  const { t } = useTranslation();
  const [search] = useSearchParams();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const back = returnOf(search);
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
        return "/profile?tab=security";
      }
      const answer = await completeSignOn({ state, code, browserSecret, device: deviceName(navigator.userAgent) });
      const next = safeNext(answer.returnTo);
      return answer.passwordChangeRequired ? `/change-password?next=${encodeURIComponent(next)}` : next;
    },
    retry: false,
    staleTime: Infinity,
  });
  const next = arrival.data;

  useEffect(() => {
    document.title = `${t("security.signOn.title")} · ${t("app.name")}`;
  }, [t]);
  useEffect(() => {
    if (!next) return;
    queries.clear();
    void navigate(next, { replace: true });
  }, [next, navigate, queries]);

  if (arrival.isPending || next) return <StartUp />;
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
