import { useState } from "react";
import { KeyOutlined, LockOutlined, UserOutlined } from "@ant-design/icons";
import { useMutation } from "@tanstack/react-query";
import { Alert, Button, Divider, Flex, Form, Input } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { asProblem } from "@/api/problem";
import type { SignInAnswer } from "@/api/types";
import { FormFault } from "@/shared/FormFault";
import { completeSignIn, signIn, startPasskeySignIn } from "../api";
import { isDismissed, passkeysSupported, provePasskey } from "../security/passkeys";
import { useSignOnOptions } from "../sign-on/api";
import { ProviderButtons } from "../sign-on/ProviderButtons";
import { deviceName, deviceToken } from "./device";

interface Credentials {
  loginName: string;
  password: string;
}

interface FirstStepProps {
  /** The login name, where the screen before tells it. */
  known: string;
  next: string;
  /** The sign-in leads back to where one was. */
  returns: boolean;
  expired: boolean;
  onAnswer: (answer: SignInAnswer, loginName: string) => void;
}

/** Password, passkey or provider. */
export function FirstStep({ known, next, returns, expired, onAnswer }: FirstStepProps) {
  const { t } = useTranslation();
  const [form] = Form.useForm<Credentials>();
  const [capsLock, setCapsLock] = useState(false);
  const device = deviceName(navigator.userAgent);
  const passkeys = passkeysSupported();
  const providers = useSignOnOptions();
  const enter = useMutation({
    mutationFn: ({ loginName, password }: Credentials) => signIn({ loginName, password, device, deviceToken: deviceToken(loginName) }),
    onSuccess: (answer, { loginName }) => onAnswer(answer, loginName),
    onError: () => form.resetFields(["password"]),
  });
  const byPasskey = useMutation({
    mutationFn: async () => {
      const { challenge, optionsJson } = await startPasskeySignIn();
      return completeSignIn({ challenge, device, passkeyJson: await provePasskey(optionsJson) });
    },
    onMutate: () => enter.reset(),
    onSuccess: (answer) => onAnswer(answer, ""),
  });
  const fault = enter.error ?? (isDismissed(byPasskey.error) ? undefined : byPasskey.error);
  const refused = fault && asProblem(fault).status === 401;
  const required = { required: true, message: t("common.required") };

  return (
    <>
      {expired && !fault && <Alert type="warning" showIcon title={t("security.proof.expired")} style={{ marginBottom: 16 }} />}
      {returns && !expired && !fault && <Alert type="info" showIcon title={t("identity.signIn.goOn")} style={{ marginBottom: 16 }} />}
      {refused ? (
        <Alert type="error" showIcon title={asProblem(fault).detail || t("identity.signIn.failed")} style={{ marginBottom: 16 }} data-testid="sign-in-failed" />
      ) : (
        <FormFault fault={fault} />
      )}
      <Form<Credentials> form={form} layout="vertical" requiredMark={false} initialValues={{ loginName: known }} onFinish={(values) => enter.mutate(values)}>
        <Form.Item name="loginName" label={t("identity.employee.loginName")} rules={[required]}>
          <Input size="large" prefix={<UserOutlined />} autoComplete="username" autoFocus={!known} maxLength={64} />
        </Form.Item>
        <Form.Item
          name="password"
          label={t("identity.signIn.password")}
          rules={[required]}
          extra={capsLock ? t("identity.signIn.capsLock") : undefined}
        >
          <Input.Password
            size="large"
            prefix={<LockOutlined />}
            autoComplete="current-password"
            autoFocus={known !== ""}
            maxLength={256}
            onKeyUp={(event) => setCapsLock(event.getModifierState("CapsLock"))}
          />
        </Form.Item>
        <Button type="primary" htmlType="submit" size="large" block loading={enter.isPending} data-testid="sign-in">
          {t("identity.signIn.enter")}
        </Button>
      </Form>
      <Flex justify="center" style={{ marginTop: 12 }}>
        <Link to="/forgot-password">{t("security.forgot.link")}</Link>
      </Flex>
      {(passkeys || Boolean(providers.data?.length)) && <Divider plain>{t("security.signOn.or")}</Divider>}
      <Flex vertical gap={8}>
        {passkeys && (
          <Button size="large" block icon={<KeyOutlined />} loading={byPasskey.isPending} onClick={() => byPasskey.mutate()} data-testid="passkey-sign-in">
            {t("security.passkeySignIn")}
          </Button>
        )}
        <ProviderButtons next={next} />
      </Flex>
    </>
  );
}
