// The ways to prove who one is, and which of them are open to whom; pure.
import type { Credential, SecondFactor } from "@/api/types";

export type ProofKind = "password" | "totp" | "passkey" | "recoveryCode";

export interface Proof {
  kind: ProofKind;
  /** What was typed; empty for a passkey, which the browser asks for by itself. */
  secret: string;
}

const kindOf: Partial<Record<SecondFactor, ProofKind>> = {
  SECOND_FACTOR_TOTP: "totp",
  SECOND_FACTOR_PASSKEY: "passkey",
  SECOND_FACTOR_RECOVERY_CODE: "recoveryCode",
};

/** What a sign-in can go on with, as far as this browser can do it. */
export function kindsToSignIn(factors: readonly SecondFactor[], passkeys: boolean): ProofKind[] {
  return factors.flatMap((factor) => kindOf[factor] ?? []).filter((kind) => kind !== "passkey" || passkeys);
}

/** What can be asked for within a session. Recovery codes are for the door only. */
export function kindsToConfirm(credentials: readonly Pick<Credential, "kind">[], passkeys: boolean): ProofKind[] {
  const held = new Set(credentials.map(({ kind }) => kindOf[kind]));
  const kinds: ProofKind[] = ["password"];
  if (held.has("totp")) kinds.push("totp");
  if (held.has("passkey") && passkeys) kinds.push("passkey");
  return kinds;
}

/** The six digits, however they were grouped. */
export const digitsOf = (text: string) => text.replaceAll(/\D/g, "");
