import { Button, Flex } from "antd";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import type { SignInAnswer } from "@/api/types";
import { completeSignIn } from "../api";
import { passkeysSupported, provePasskey } from "../security/passkeys";
import { ProofForm } from "../security/ProofForm";
import { kindsToSignIn, type Proof } from "../security/proofs";
import { deviceName } from "./device";

interface SecondFactorStepProps {
  /** What the first step was answered with: a password, or a provider's word. */
  begun: Pick<SignInAnswer, "challenge" | "secondFactors" | "passkeyOptionsJson">;
  onDone: (answer: SignInAnswer) => void;
  /** The challenge is void, and the sign-in begins anew. */
  onExpired: () => void;
  onBack: () => void;
}

export function SecondFactorStep({ begun, onDone, onExpired, onBack }: SecondFactorStepProps) {
  const { t } = useTranslation();
  const { challenge } = begun;
  const passkeys = begun.passkeyOptionsJson !== "" && passkeysSupported();

  const prove = async ({ kind, secret }: Proof) => {
    const proof = {
      totpCode: kind === "totp" ? secret : undefined,
      recoveryCode: kind === "recoveryCode" ? secret : undefined,
      passkeyJson: kind === "passkey" ? await provePasskey(begun.passkeyOptionsJson) : undefined,
    };
    try {
      onDone(await completeSignIn({ challenge, device: deviceName(navigator.userAgent), ...proof }));
    } catch (fault) {
      if (asProblem(fault).reason !== "CHALLENGE_INVALID") throw fault;
      onExpired();
    }
  };
  return (
    <Flex vertical gap={12} data-testid="second-factor">
      <ProofForm kinds={kindsToSignIn(begun.secondFactors, passkeys)} submitText={t("security.proof.verify")} onProve={prove} />
      <Button type="text" block onClick={onBack}>
        {t("security.backToSignIn")}
      </Button>
    </Flex>
  );
}
