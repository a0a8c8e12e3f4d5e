import { useEffect, useState } from "react";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useLocation, useNavigate, useSearchParams } from "react-router";
import type { SignInAnswer } from "@/api/types";
import { EntryFrame } from "./EntryFrame";
import { keepDeviceToken } from "./device";
import { FirstStep } from "./FirstStep";
import { SecondFactorStep } from "./SecondFactorStep";
import { afterSignIn, safeNext } from "./session";

interface Begun {
  loginName: string;
  answer: SignInAnswer;
}

export function SignInPage() {
  const { t } = useTranslation();
  const [search] = useSearchParams();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const known = (useLocation().state as { loginName?: string } | null)?.loginName ?? "";
  const [begun, setBegun] = useState<Begun>();
  const [expired, setExpired] = useState(false);
  const next = safeNext(search.get("next"));

  useEffect(() => {
    document.title = `${t("identity.signIn.title")} · ${t("app.name")}`;
  }, [t]);

  // Whoever was here before has left; nothing of theirs stays.
  useEffect(() => queries.removeQueries({ type: "inactive" }), [queries]);

  /** Tokens, or a challenge that asks for more. The login name is unknown after a passkey alone. */
  const proceed = (answer: SignInAnswer, loginName: string) => {
    if (answer.challenge) {
      setExpired(false);
      setBegun({ answer, loginName });
      return;
    }
    if (loginName) keepDeviceToken(loginName, answer.deviceToken);
    queries.clear();
    void navigate(afterSignIn(answer, next), { replace: true });
  };
  const startOver = (late: boolean) => {
    setExpired(late);
    setBegun(undefined);
  };

  if (begun) {
    return (
      <EntryFrame title={t("security.proof.title")} text={t("security.proof.text", { name: begun.loginName })}>
        <SecondFactorStep
          begun={begun.answer}
          onDone={(answer) => proceed(answer, begun.loginName)}
          onExpired={() => startOver(true)}
          onBack={() => startOver(false)}
        />
      </EntryFrame>
    );
  }
  return (
    <EntryFrame title={t("identity.signIn.title")} text={t("identity.signIn.text")}>
      <FirstStep known={known} next={next} returns={search.has("next")} expired={expired} onAnswer={proceed} />
    </EntryFrame>
  );
}
