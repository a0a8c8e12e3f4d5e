import { useEffect } from "react";
import { UserOutlined } from "@ant-design/icons";
import { useMutation } from "@tanstack/react-query";
import { Alert, Button, Flex, Form, Input } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { FormFault } from "@/shared/FormFault";
import { requestPasswordReset } from "../api";
import { EntryFrame } from "./EntryFrame";

/** Asks for a link by e-mail. The answer is the same whether there is such an account. */
export function ForgotPasswordPage() {
  const { t } = useTranslation();
  const request = useMutation({ mutationFn: ({ loginName }: { loginName: string }) => requestPasswordReset(loginName.trim()) });

  useEffect(() => {
    document.title = `${t("security.forgot.title")} · ${t("app.name")}`;
  }, [t]);

  return (
    <EntryFrame title={t("security.forgot.title")} text={t("security.forgot.text")}>
      <FormFault fault={request.error} />
      {request.isSuccess ? (
        <Alert type="success" showIcon title={t("security.forgot.sent")} description={t("security.forgot.sentText")} data-testid="reset-requested" />
      ) : (
        <Form<{ loginName: string }> layout="vertical" requiredMark={false} onFinish={(values) => request.mutate(values)}>
          <Form.Item name="loginName" label={t("identity.employee.loginName")} rules={[{ required: true, message: t("common.required") }]}>
            <Input size="large" prefix={<UserOutlined />} autoComplete="username" autoFocus maxLength={64} />
          </Form.Item>
          <Button type="primary" htmlType="submit" size="large" block loading={request.isPending} data-testid="request-reset">
            {t("security.forgot.send")}
          </Button>
        </Form>
      )}
      <Flex justify="center" style={{ marginTop: 16 }}>
        <Link to="/sign-in">{t("security.backToSignIn")}</Link>
      </Flex>
    </EntryFrame>
  );
}
