import { useEffect, useState } from "react";
import { useMutation } from "@tanstack/react-query";
import { Alert, Button, Flex, Form, type FormInstance } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { asProblem } from "@/api/problem";
import { FormFault } from "@/shared/FormFault";
import { useNotices } from "@/shared/notices";
import { showViolations } from "@/shared/violations";
import { setPasswordByLink } from "../api";
import { EntryFrame } from "./EntryFrame";
import { NewPasswordFields } from "./PasswordFields";

interface Values {
  newPassword: string;
  repeated: string;
}

/** Where the links of invitations, of forgotten passwords and of the first administrator lead to. */
export function SetPasswordPage() {
  const { t } = useTranslation();
  const [form] = Form.useForm<Values>();
  const navigate = useNavigate();
  const notices = useNotices();
  // Behind the `#` it reaches no server's log.
  const [token] = useState(() => decodeURIComponent(window.location.hash.slice(1)));
  const set = useMutation({
    mutationFn: ({ newPassword }: Values) => setPasswordByLink({ token, newPassword }),
    onSuccess: ({ loginName }) => {
      notices.done(t("security.setPassword.done"));
      void navigate("/sign-in", { replace: true, state: { loginName } });
    },
    onError: (fault) => showViolations(form as unknown as FormInstance, asProblem(fault)),
  });
  const invalid = token === "" || (set.error && asProblem(set.error).reason === "LINK_INVALID");

  useEffect(() => {
    document.title = `${t("identity.password.firstTitle")} · ${t("app.name")}`;
  }, [t]);

  return (
    <EntryFrame title={t("identity.password.firstTitle")} text={t("security.setPassword.text")}>
      {invalid ? (
        <Flex vertical gap={16}>
          <Alert type="error" showIcon title={t("security.setPassword.invalid")} description={t("security.setPassword.invalidText")} data-testid="link-invalid" />
          <Link to="/forgot-password">
            <Button type="primary" size="large" block>
              {t("security.setPassword.another")}
            </Button>
          </Link>
        </Flex>
      ) : (
        <>
          <FormFault fault={set.error} />
          <Form<Values> form={form} size="large" layout="vertical" requiredMark={false} onFinish={(values) => set.mutate(values)}>
            <NewPasswordFields loginName="" />
            <Button type="primary" htmlType="submit" size="large" block loading={set.isPending} data-testid="set-password">
              {t("security.setPassword.set")}
            </Button>
          </Form>
        </>
      )}
      <Flex justify="center" style={{ marginTop: 16 }}>
        <Link to="/sign-in">{t("security.backToSignIn")}</Link>
      </Flex>
    </EntryFrame>
  );
}
