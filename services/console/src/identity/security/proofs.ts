// The ways to prove who one is.

export type ProofKind = "password" | "totp" | "passkey" | "recoveryCode";

export interface Proof {
  kind: ProofKind;
  /** What was typed; empty for a passkey, which the browser asks for by itself. */
  secret: string;
}
