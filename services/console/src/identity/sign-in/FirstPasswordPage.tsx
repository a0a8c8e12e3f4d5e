import { useEffect } from "react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Flex, Form, type FormInstance } from "antd";
import { useTranslation } from "react-i18next";
import { Navigate, useNavigate, useSearchParams } from "react-router";
import { asProblem } from "@/api/problem";
import { useProfileQuery } from "@/app/access";
import { StartUp } from "@/app/StartUp";
import { FormFault } from "@/shared/FormFault";
import { useNotices } from "@/shared/notices";
import { Fault } from "@/shared/states";
import { showViolations } from "@/shared/violations";
import { changePassword } from "../api";
import { EntryFrame } from "./EntryFrame";
import { PasswordFields, type PasswordChange } from "./PasswordFields";
import { safeNext, useSignOut } from "./session";

/** 首次登录改密: nothing else is permitted until the initial password is replaced. */
export function FirstPasswordPage() {
  const { t } = useTranslation();
  const [form] = Form.useForm<PasswordChange>();
  const [search] = useSearchParams();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const notices = useNotices();
  const signOut = useSignOut();
  const profile = useProfileQuery();

  useEffect(() => {
    document.title = `${t("identity.password.firstTitle")} · ${t("app.name")}`;
  }, [t]);

  const change = useMutation({
    mutationFn: ({ currentPassword, newPassword }: PasswordChange) => changePassword({ currentPassword, newPassword }),
    onSuccess: async () => {
      notices.done(t("identity.password.changed"));
      await queries.resetQueries();
      void navigate(safeNext(search.get("next")), { replace: true });
    },
    onError: (fault) => showViolations(form as unknown as FormInstance, asProblem(fault)),
  });

  if (profile.isPending) return <StartUp />;
  if (profile.error) {
    if (asProblem(profile.error).status === 401) return <Navigate to="/sign-in" replace />;
    return <Fault fault={profile.error} retry={() => void profile.refetch()} />;
  }
  return (
    <EntryFrame title={t("identity.password.firstTitle")} text={t("identity.password.firstText", { name: profile.data.displayName })}>
      <FormFault fault={change.error} />
      <Form<PasswordChange> form={form} size="large" layout="vertical" requiredMark={false} onFinish={(values) => change.mutate(values)}>
        <PasswordFields loginName={profile.data.loginName} currentLabel={t("identity.password.initial")} />
        <Flex vertical gap={8}>
          <Button type="primary" htmlType="submit" size="large" block loading={change.isPending} data-testid="change-password">
            {t("identity.password.change")}
          </Button>
          <Button type="text" block onClick={() => signOut.mutate()}>
            {t("app.user.signOut")}
          </Button>
        </Flex>
      </Form>
    </EntryFrame>
  );
}
