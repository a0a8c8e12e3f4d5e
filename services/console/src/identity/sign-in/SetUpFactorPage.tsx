import { useEffect, useState } from "react";
import { useQueryClient } from "@tanstack/react-query";
import { Button, Flex } from "antd";
import { useTranslation } from "react-i18next";
import { Navigate, useNavigate, useSearchParams } from "react-router";
import { asProblem } from "@/api/problem";
import { useProfileQuery } from "@/app/access";
import { StartUp } from "@/app/StartUp";
import { Fault } from "@/shared/states";
import { AddFactor } from "../security/AddFactor";
import { RecoveryCodes } from "../security/RecoveryCodes";
import { EntryFrame } from "./EntryFrame";
import { safeNext, useSignOut } from "./session";

/** A role asks for a second factor: nothing else is permitted until one is set up. */
export function SetUpFactorPage() {
  const { t } = useTranslation();
  const [search] = useSearchParams();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const signOut = useSignOut();
  const profile = useProfileQuery();
  const [codes, setCodes] = useState<string[]>();
  const next = safeNext(search.get("next"));

  useEffect(() => {
    document.title = `${t("security.setUp.title")} · ${t("app.name")}`;
  }, [t]);

  const goOn = async () => {
    await queries.resetQueries();
    void navigate(next, { replace: true });
  };
  if (profile.isPending) return <StartUp />;
  if (profile.error) {
    if (asProblem(profile.error).status === 401) return <Navigate to="/sign-in" replace />;
    return <Fault fault={profile.error} retry={() => void profile.refetch()} />;
  }
  return (
    <EntryFrame title={t("security.setUp.title")} text={t("security.setUp.text", { name: profile.data.displayName })}>
      <Flex vertical gap={8} data-testid="set-up-factor">
        <AddFactor block onAdded={(recoveryCodes) => (recoveryCodes.length > 0 ? setCodes(recoveryCodes) : void goOn())} />
        <Button type="text" block onClick={() => signOut.mutate()}>
          {t("app.user.signOut")}
        </Button>
      </Flex>
      <RecoveryCodes codes={codes} onClose={() => void goOn()} />
    </EntryFrame>
  );
}
