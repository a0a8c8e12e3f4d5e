// Proves who one is in one of several ways: the second step of a sign-in and the question before a dangerous act are alike.
import { useState } from "react";
import { KeyOutlined } from "@ant-design/icons";
import { Alert, Button, Flex, Form, Input, Segmented, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import { FormFault } from "@/shared/FormFault";
import { isDismissed } from "./passkeys";
import { CodeInput } from "./CodeInput";
import type { Proof, ProofKind } from "./proofs";

interface ProofFormProps {
  /** At least one; the first is offered first. */
  kinds: ProofKind[];
  submitText: string;
  onProve: (proof: Proof) => Promise<unknown>;
}

export function ProofForm({ kinds, submitText, onProve }: ProofFormProps) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<ProofKind>();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>();
  const [form] = Form.useForm<{ secret: string }>();
  const kind = chosen && kinds.includes(chosen) ? chosen : kinds[0];
  if (!kind) return <Alert type="error" showIcon title={t("security.proof.none")} />;

  const prove = async (secret: string) => {
    setBusy(true);
    setFault(undefined);
    try {
      await onProve({ kind, secret });
    } catch (error) {
      form.resetFields();
      if (!isDismissed(error)) setFault(error);
    } finally {
      setBusy(false);
    }
  };
  const problem = fault === undefined ? undefined : asProblem(fault);
  const wrong = problem && [400, 401].includes(problem.status);
  return (
    <Flex vertical gap={16} data-testid="proof">
      {kinds.length > 1 && (
        <Segmented<ProofKind>
          block
          value={kind}
          onChange={(next) => {
            setChosen(next);
            setFault(undefined);
            form.resetFields();
          }}
          options={kinds.map((value) => ({ value, label: t(`security.proof.kinds.${value}`) }))}
        />
      )}
      {wrong ? (
        <Alert type="error" showIcon title={problem.fieldViolations[0]?.description || problem.detail || t("security.proof.wrong")} data-testid="proof-wrong" />
      ) : (
        <FormFault fault={fault} />
      )}
      <Typography.Text type="secondary">{t(`security.proof.hints.${kind}`)}</Typography.Text>
      {kind === "passkey" ? (
        <Button type="primary" size="large" block icon={<KeyOutlined />} loading={busy} onClick={() => void prove("")} data-testid="prove-passkey">
          {t("security.proof.usePasskey")}
        </Button>
      ) : (
        <Form form={form} layout="vertical" requiredMark={false} onFinish={({ secret }) => void prove(secret.trim())}>
          <SecretField key={kind} kind={kind} onComplete={() => form.submit()} />
          <Button type="primary" htmlType="submit" size="large" block loading={busy} data-testid="prove">
            {submitText}
          </Button>
        </Form>
      )}
    </Flex>
  );
}

function SecretField({ kind, onComplete }: { kind: Exclude<ProofKind, "passkey">; onComplete: () => void }) {
  const { t } = useTranslation();
  const label = t(`security.proof.labels.${kind}`);
  const rules = [{ required: true, message: t("common.required") }];
  if (kind === "password") {
    return (
      <Form.Item name="secret" label={label} rules={rules}>
        <Input.Password size="large" autoComplete="current-password" autoFocus maxLength={256} />
      </Form.Item>
    );
  }
  if (kind === "totp") {
    return (
      <Form.Item name="secret" label={label} rules={rules}>
        {/* The sixth digit submits: nothing is left to decide. */}
        <CodeInput size="large" autoFocus onChange={onComplete} />
      </Form.Item>
    );
  }
  return (
    <Form.Item name="secret" label={label} rules={rules}>
      <Input size="large" autoComplete="off" autoCapitalize="characters" spellCheck={false} autoFocus maxLength={64} style={{ fontFamily: "monospace" }} />
    </Form.Item>
  );
}
