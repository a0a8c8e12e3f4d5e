import { describe, expect, it } from "vitest";
import { digitsOf, kindsToConfirm, kindsToSignIn } from "./proofs";

describe("the ways to prove who one is", () => {
  it("are those of the account that the browser can do, the best first", () => {
    const factors = ["SECOND_FACTOR_PASSKEY", "SECOND_FACTOR_TOTP", "SECOND_FACTOR_RECOVERY_CODE"] as const;
    expect(kindsToSignIn(factors, true)).toEqual(["passkey", "totp", "recoveryCode"]);
    expect(kindsToSignIn(factors, false)).toEqual(["totp", "recoveryCode"]);
    expect(kindsToSignIn(["SECOND_FACTOR_UNSPECIFIED"], true)).toEqual([]);
  });

  it("are a password and what was set up, within a session", () => {
    expect(kindsToConfirm([], true)).toEqual(["password"]);
    expect(kindsToConfirm([{ kind: "SECOND_FACTOR_PASSKEY" }, { kind: "SECOND_FACTOR_TOTP" }], true)).toEqual(["password", "totp", "passkey"]);
    expect(kindsToConfirm([{ kind: "SECOND_FACTOR_PASSKEY" }], false)).toEqual(["password"]);
  });

  it("take digits however they are grouped", () => {
    expect(digitsOf("123 456")).toBe("123456");
  });
});
