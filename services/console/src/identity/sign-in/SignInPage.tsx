import { useEffect, useState } from "react";
import { LockOutlined, UserOutlined } from "@ant-design/icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Alert, Button, Divider, Flex, Form, Input } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useLocation, useNavigate, useSearchParams } from "react-router";
import { asProblem } from "@/api/problem";
import { FormFault } from "@/shared/FormFault";
import { signIn } from "../api";
import { useSignOnOptions } from "../sign-on/api";
import { ProviderButtons } from "../sign-on/ProviderButtons";
import { deviceName, deviceToken, keepDeviceToken } from "./device";
import { EntryFrame } from "./EntryFrame";
import { safeNext } from "./session";

interface Credentials {
  loginName: string;
  password: string;
}

export function SignInPage() {
  const { t } = useTranslation();
  const [form] = Form.useForm<Credentials>();
  const [search] = useSearchParams();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [capsLock, setCapsLock] = useState(false);
  const providers = useSignOnOptions();
  const known = (useLocation().state as { loginName?: string } | null)?.loginName;
  const next = safeNext(search.get("next"));

  useEffect(() => {
    document.title = `${t("identity.signIn.title")} · ${t("app.name")}`;
  }, [t]);

  const enter = useMutation({
    mutationFn: ({ loginName, password }: Credentials) =>
      signIn({ loginName, password, device: deviceName(navigator.userAgent), deviceToken: deviceToken(loginName) }),
    onSuccess: (answer, { loginName }) => {
      keepDeviceToken(loginName, answer.deviceToken);
      queries.clear();
      void navigate(answer.passwordChangeRequired ? `/change-password?next=${encodeURIComponent(next)}` : next, { replace: true });
    },
    onError: () => form.resetFields(["password"]),
  });
  const refused = enter.error && asProblem(enter.error).status === 401;

  return (
    <EntryFrame title={t("identity.signIn.title")} text={t("identity.signIn.text")}>
      {search.has("next") && !enter.error && (
        <Alert type="info" showIcon title={t("identity.signIn.goOn")} style={{ marginBottom: 16 }} />
      )}
      {refused ? (
        <Alert type="error" showIcon title={asProblem(enter.error).detail || t("identity.signIn.failed")} style={{ marginBottom: 16 }} data-testid="sign-in-failed" />
      ) : (
        <FormFault fault={enter.error} />
      )}
      <Form<Credentials> form={form} layout="vertical" requiredMark={false} initialValues={{ loginName: known }} onFinish={(values) => enter.mutate(values)}>
        <Form.Item name="loginName" label={t("identity.employee.loginName")} rules={[{ required: true, message: t("common.required") }]}>
          <Input size="large" prefix={<UserOutlined />} autoComplete="username" autoFocus={!known} maxLength={64} />
        </Form.Item>
        <Form.Item
          name="password"
          label={t("identity.signIn.password")}
          rules={[{ required: true, message: t("common.required") }]}
          extra={capsLock ? t("identity.signIn.capsLock") : undefined}
        >
          <Input.Password
            size="large"
            prefix={<LockOutlined />}
            autoComplete="current-password"
            autoFocus={Boolean(known)}
            maxLength={256}
            onKeyUp={(event) => setCapsLock(event.getModifierState("CapsLock"))}
          />
        </Form.Item>
        <Button type="primary" htmlType="submit" size="large" block loading={enter.isPending} data-testid="sign-in">
          {t("identity.signIn.enter")}
        </Button>
      </Form>
      {Boolean(providers.data?.length) && <Divider plain>{t("security.signOn.or")}</Divider>}
      <Flex vertical gap={8}>
        <ProviderButtons next={next} />
      </Flex>
      <Flex justify="center" style={{ marginTop: 16 }}>
        <Link to="/forgot-password">{t("security.forgot.link")}</Link>
      </Flex>
    </EntryFrame>
  );
}
