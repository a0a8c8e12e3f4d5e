// The question before a dangerous act. Whatever call is refused for want of a fresh proof waits for the answer and is
// repeated; see `sessionFetch`.
import { useEffect, useState } from "react";
import { Modal, Skeleton, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { onStepUp } from "@/api/session";
import { Fault } from "@/shared/states";
import { confirmIdentity, startPasskeyConfirmation, useCredentials } from "./api";
import { passkeysSupported, provePasskey } from "./passkeys";
import { ProofForm } from "./ProofForm";
import { kindsToConfirm, type Proof } from "./proofs";

type Settle = (proven: boolean) => void;

export function StepUp() {
  const [settle, setSettle] = useState<Settle>();
  useEffect(
    () =>
      onStepUp(
        () =>
          new Promise<boolean>((resolve) =>
            setSettle(() => (proven: boolean) => {
              setSettle(undefined);
              resolve(proven);
            }),
          ),
      ),
    [],
  );
  return settle ? <StepUpDialog onSettle={settle} /> : null;
}

// Above the drawer or the question whose call waits; questions stand at 2000.
const above = 3000;

export function StepUpDialog({ onSettle }: { onSettle: Settle }) {
  const { t } = useTranslation();
  const credentials = useCredentials();
  const prove = async ({ kind, secret }: Proof) => {
    if (kind === "passkey") {
      const { challenge, optionsJson } = await startPasskeyConfirmation();
      await confirmIdentity({ challenge, passkeyJson: await provePasskey(optionsJson) });
    } else {
      await confirmIdentity(kind === "totp" ? { totpCode: secret } : { password: secret });
    }
    onSettle(true);
  };
  return (
    <Modal open title={t("security.stepUp.title")} footer={null} width={420} zIndex={above} onCancel={() => onSettle(false)}>
      <Typography.Paragraph type="secondary" data-testid="step-up">{t("security.stepUp.text")}</Typography.Paragraph>
      {credentials.data ? (
        <ProofForm kinds={kindsToConfirm(credentials.data.credentials, passkeysSupported())} submitText={t("security.stepUp.confirm")} onProve={prove} />
      ) : credentials.error ? (
        <Fault small fault={credentials.error} retry={() => void credentials.refetch()} />
      ) : (
        <Skeleton active />
      )}
    </Modal>
  );
}
