import { CheckCircleFilled, MinusCircleOutlined } from "@ant-design/icons";
import { Flex, Form, Input, Progress, Typography, theme } from "antd";
import { useTranslation } from "react-i18next";
import { usePasswordPolicy } from "../api";
import { checkPassword, strength } from "./policy";

export interface PasswordChange {
  currentPassword: string;
  newPassword: string;
  repeated: string;
}

/** The three fields of a password change. */
export function PasswordFields({ loginName, currentLabel }: { loginName: string; currentLabel: string }) {
  const { t } = useTranslation();
  return (
    <>
      <Form.Item name="currentPassword" label={currentLabel} rules={[{ required: true, message: t("common.required") }]}>
        <Input.Password autoComplete="current-password" maxLength={256} />
      </Form.Item>
      <NewPasswordFields loginName={loginName} />
    </>
  );
}

/** A new password and its repetition, with the policy ticked off while typing. The login name may not be known. */
export function NewPasswordFields({ loginName }: { loginName: string }) {
  const { t } = useTranslation();
  const required = { required: true, message: t("common.required") };
  return (
    <>
      <Form.Item name="newPassword" label={t("identity.password.new")} rules={[required]} style={{ marginBottom: 8 }}>
        <Input.Password autoComplete="new-password" maxLength={256} aria-describedby="password-policy" />
      </Form.Item>
      <PolicyHints loginName={loginName} />
      <Form.Item
        name="repeated"
        label={t("identity.password.repeat")}
        dependencies={["newPassword"]}
        rules={[
          required,
          ({ getFieldValue }) => ({
            validator: (_, value) =>
              !value || value === getFieldValue("newPassword")
                ? Promise.resolve()
                : Promise.reject(new Error(t("identity.password.differs"))),
          }),
        ]}
      >
        <Input.Password autoComplete="new-password" maxLength={256} />
      </Form.Item>
    </>
  );
}

/** On the first line of its text. */
const hintIcon = { marginBlockStart: 4 };

function PolicyHints({ loginName }: { loginName: string }) {
  const { t } = useTranslation();
  const { token } = theme.useToken();
  const form = Form.useFormInstance<PasswordChange>();
  const password = Form.useWatch("newPassword", form) ?? "";
  const policy = usePasswordPolicy().data;
  if (!policy) return null;
  const check = checkPassword(password, policy, loginName);
  const met = (fulfilled: boolean) => fulfilled && password.length > 0;
  const score = strength(password);
  const color = score < 45 ? token.colorError : score < 75 ? token.colorWarning : token.colorSuccess;
  const hints = [
    { key: "length", met: met(check.longEnough), text: t("identity.password.length", { count: policy.minLength }) },
    { key: "kinds", met: met(check.enoughKinds), text: t("identity.password.kinds", { count: policy.minCharacterKinds }) },
    ...(policy.refusesCommon
      ? [{ key: "common", met: met(check.withoutLoginName && check.longEnough), text: t("identity.password.notCommon") }]
      : []),
    // Only the service knows the passwords of before.
    ...(policy.remembered > 1 ? [{ key: "reuse", met: undefined, text: t("identity.password.notReused", { count: policy.remembered }) }] : []),
  ];
  return (
    <div id="password-policy" style={{ marginBottom: 20 }}>
      <Progress percent={score} showInfo={false} size="small" strokeColor={color} aria-label={t("identity.password.strength")} />
      <Flex vertical gap={2} component="ul" style={{ listStyle: "none", margin: 0, padding: 0 }}>
        {hints.map((hint) => (
          <li key={hint.key} data-met={hint.met}>
            <Typography.Text type={hint.met ? "success" : "secondary"} style={{ fontSize: 13 }}>
              <Flex gap={6} align="flex-start">
                {hint.met ? <CheckCircleFilled style={hintIcon} /> : <MinusCircleOutlined style={hintIcon} />}
                <span>{hint.text}</span>
              </Flex>
            </Typography.Text>
          </li>
        ))}
      </Flex>
    </div>
  );
}
