// Sets a second factor up: an authenticator app or a passkey. With the first one come the recovery codes.
import { useState } from "react";
import { KeyOutlined, MobileOutlined } from "@ant-design/icons";
import { useMutation } from "@tanstack/react-query";
import { Alert, Button, Flex, Form, Input, Modal, QRCode, Typography, type FormInstance } from "antd";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import { FormFault } from "@/shared/FormFault";
import { useNotices } from "@/shared/notices";
import { showViolations } from "@/shared/violations";
import { deviceName } from "../sign-in/device";
import { finishPasskey, finishTotp, startPasskey, startTotp, useCredentialsChanged } from "./api";
import { CodeInput } from "./CodeInput";
import { isDismissed, makePasskey, passkeysSupported } from "./passkeys";

interface AddFactorProps {
  block?: boolean;
  /** Codes come with the first factor only. */
  onAdded: (recoveryCodes: string[]) => void;
}

interface TotpKey {
  challenge: string;
  secret: string;
  uri: string;
}

export function AddFactor({ block, onAdded }: AddFactorProps) {
  const { t } = useTranslation();
  const notices = useNotices();
  const [key, setKey] = useState<TotpKey>();
  const [naming, setNaming] = useState(false);
  const begin = useMutation({ mutationFn: startTotp, onSuccess: setKey, onError: notices.fault });
  const passkeys = passkeysSupported();
  return (
    <>
      <Flex vertical={block} gap={8} wrap={!block}>
        <Button block={block} size={block ? "large" : undefined} icon={<MobileOutlined />} loading={begin.isPending} onClick={() => begin.mutate()} data-testid="add-totp">
          {t("security.factors.addTotp")}
        </Button>
        <Button block={block} size={block ? "large" : undefined} icon={<KeyOutlined />} disabled={!passkeys} onClick={() => setNaming(true)} data-testid="add-passkey">
          {t("security.factors.addPasskey")}
        </Button>
        {!passkeys && (
          <Typography.Text type="secondary" style={{ fontSize: 12 }}>
            {t("security.factors.noPasskeys")}
          </Typography.Text>
        )}
      </Flex>
      {key && (
        <TotpDialog
          totpKey={key}
          onClose={() => setKey(undefined)}
          onAdded={(codes) => {
            setKey(undefined);
            onAdded(codes);
          }}
        />
      )}
      {naming && (
        <PasskeyDialog
          onClose={() => setNaming(false)}
          onAdded={(codes) => {
            setNaming(false);
            onAdded(codes);
          }}
        />
      )}
    </>
  );
}

interface DialogProps {
  onClose: () => void;
  onAdded: (recoveryCodes: string[]) => void;
}

function TotpDialog({ totpKey, onClose, onAdded }: DialogProps & { totpKey: TotpKey }) {
  const { t } = useTranslation();
  const changed = useCredentialsChanged();
  const [form] = Form.useForm<{ name: string; totpCode: string }>();
  const finish = useMutation({
    mutationFn: (values: { name: string; totpCode: string }) => finishTotp({ ...values, challenge: totpKey.challenge }),
    onSuccess: async ({ recoveryCodes }) => {
      onAdded(recoveryCodes);
      await changed();
    },
    onError: (fault) => showViolations(form as unknown as FormInstance, asProblem(fault)),
  });
  const required = { required: true, message: t("common.required") };
  return (
    <Modal
      open
      title={t("security.factors.addTotp")}
      okText={t("security.factors.finish")}
      okButtonProps={{ loading: finish.isPending }}
      onOk={() => form.submit()}
      onCancel={onClose}
      mask={{ closable: false }}
    >
      <FormFault fault={finish.error && asProblem(finish.error).fieldViolations.length === 0 ? finish.error : undefined} />
      <Flex vertical gap={12} align="center" style={{ marginBottom: 16 }} data-testid="totp-key">
        <Typography.Text type="secondary">{t("security.factors.scan")}</Typography.Text>
        {/* Scanners want dark on light, whatever the theme. */}
        <QRCode value={totpKey.uri} size={184} color="#000000" bgColor="#ffffff" errorLevel="M" />
        <Typography.Text type="secondary">{t("security.factors.typeIn")}</Typography.Text>
        <Typography.Text code copyable={{ text: totpKey.secret }} style={{ textAlign: "center" }} data-testid="totp-secret">
          {totpKey.secret.replaceAll(/(.{4})(?=.)/g, "$1 ")}
        </Typography.Text>
      </Flex>
      <Form form={form} layout="vertical" requiredMark={false} initialValues={{ name: t("security.factors.totpName") }} onFinish={(values) => finish.mutate(values)}>
        <Form.Item name="name" label={t("security.factors.name")} rules={[required]}>
          <Input maxLength={64} />
        </Form.Item>
        <Form.Item name="totpCode" label={t("security.factors.code")} rules={[required]}>
          <CodeInput />
        </Form.Item>
        <button type="submit" hidden tabIndex={-1} aria-hidden />
      </Form>
    </Modal>
  );
}

function PasskeyDialog({ onClose, onAdded }: DialogProps) {
  const { t } = useTranslation();
  const changed = useCredentialsChanged();
  const [form] = Form.useForm<{ name: string }>();
  const make = useMutation({
    mutationFn: async ({ name }: { name: string }) => {
      const { challenge, optionsJson } = await startPasskey();
      return finishPasskey({ challenge, name, credentialJson: await makePasskey(optionsJson) });
    },
    onSuccess: async ({ recoveryCodes }) => {
      onAdded(recoveryCodes);
      await changed();
    },
  });
  // The authenticator knows the account already; the browser says no more than that.
  const known = make.error instanceof DOMException && make.error.name === "InvalidStateError";
  return (
    <Modal
      open
      title={t("security.factors.addPasskey")}
      okText={t("security.factors.create")}
      okButtonProps={{ loading: make.isPending }}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      {known && <Alert type="warning" showIcon title={t("security.factors.knownPasskey")} style={{ marginBottom: 16 }} />}
      <FormFault fault={known || isDismissed(make.error) ? undefined : make.error} />
      <Typography.Paragraph type="secondary">{t("security.factors.passkeyText")}</Typography.Paragraph>
      <Form form={form} layout="vertical" requiredMark={false} initialValues={{ name: deviceName(navigator.userAgent) }} onFinish={(values) => make.mutate(values)}>
        <Form.Item name="name" label={t("security.factors.name")} rules={[{ required: true, message: t("common.required") }]}>
          <Input maxLength={64} />
        </Form.Item>
        <button type="submit" hidden tabIndex={-1} aria-hidden />
      </Form>
    </Modal>
  );
}
