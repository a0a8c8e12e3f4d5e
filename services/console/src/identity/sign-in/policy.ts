// What a new password must satisfy, tried while it is typed. The service decides; this only saves a round trip.
import type { PasswordPolicy } from "@/api/types";

export interface PolicyCheck {
  longEnough: boolean;
  enoughKinds: boolean;
  withoutLoginName: boolean;
}

export function characterKinds(password: string): number {
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{Nd}/u, /[^\p{Ll}\p{Lu}\p{Nd}]/u];
  return kinds.filter((kind) => kind.test(password)).length;
}

export function checkPassword(password: string, policy: PasswordPolicy, loginName: string): PolicyCheck {
  const holdsName = loginName.length >= 3 && password.toLowerCase().includes(loginName.toLowerCase());
  return {
    longEnough: [...password].length >= policy.minLength,
    enoughKinds: characterKinds(password) >= policy.minCharacterKinds,
    withoutLoginName: !policy.refusesCommon || !holdsName,
  };
}

/** 0 to 100 by length and variety; repeats count once. */
export function strength(password: string): number {
  if (!password) return 0;
  const distinct = new Set(password).size;
  return Math.min(100, Math.round(distinct * 4 + characterKinds(password) * 10 + Math.max(0, password.length - 8) * 3));
}
