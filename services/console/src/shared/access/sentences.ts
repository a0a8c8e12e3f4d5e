// Why a person may, or may not, do something with a record, as sentences; pure.
import type { AccessDecision, AccessReason } from "@/api/types";

type Sentence = "all" | "owner" | "group" | "chosenGroup" | "sharedPerson" | "sharedPersonUntil" | "sharedGroup" | "sharedGroupUntil" | "inactive" | "noGrant" | "outOfScope" | "notInPool" | "noGroup" | "unknown";

/** The text of a reason; the texts take the role, its scope, the group and the end of a share. */
export function sentenceOf({ kind, expireTime }: Pick<AccessReason, "kind" | "expireTime">): Sentence {
  switch (kind) {
    case "ACCESS_REASON_KIND_ALL":
      return "all";
    case "ACCESS_REASON_KIND_OWNER":
      return "owner";
    case "ACCESS_REASON_KIND_GROUP":
      return "group";
    case "ACCESS_REASON_KIND_CHOSEN_GROUP":
      return "chosenGroup";
    case "ACCESS_REASON_KIND_SHARED_WITH_PERSON":
      return expireTime ? "sharedPersonUntil" : "sharedPerson";
    case "ACCESS_REASON_KIND_SHARED_WITH_GROUP":
      return expireTime ? "sharedGroupUntil" : "sharedGroup";
    case "ACCESS_REASON_KIND_INACTIVE":
      return "inactive";
    case "ACCESS_REASON_KIND_NO_GRANT":
      return "noGrant";
    case "ACCESS_REASON_KIND_OUT_OF_SCOPE":
      return "outOfScope";
    case "ACCESS_REASON_KIND_NOT_IN_POOL":
      return "notInPool";
    case "ACCESS_REASON_KIND_NO_GROUP":
      return "noGroup";
    default:
      return "unknown";
  }
}

/** Decisions for the same reasons are told once, those that are allowed first. */
export function byReasons(decisions: readonly AccessDecision[]): { allowed: boolean; reasons: AccessReason[]; permissions: AccessDecision["permission"][] }[] {
  const groups = new Map<string, { allowed: boolean; reasons: AccessReason[]; permissions: AccessDecision["permission"][] }>();
  for (const { allowed, reasons, permission } of decisions) {
    const key = JSON.stringify([allowed, reasons]);
    const group = groups.get(key) ?? { allowed, reasons, permissions: [] };
    group.permissions.push(permission);
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => Number(b.allowed) - Number(a.allowed));
}
