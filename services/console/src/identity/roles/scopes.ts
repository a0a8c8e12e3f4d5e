// A role's grants as the cells of a matrix, and back; pure.
import type { FieldVisibilityInput, Grant, GrantInput, Permission, PermissionEntry, Role, Scope } from "@/api/types";

export const allScopes: Scope[] = ["SCOPE_OWN", "SCOPE_GROUP", "SCOPE_GROUP_AND_BELOW", "SCOPE_ALL"];

export type ScopeChoice = Scope | "none";

export const scopeColors: Record<Scope, string> = {
  SCOPE_UNSPECIFIED: "default",
  SCOPE_OWN: "cyan",
  SCOPE_GROUP: "geekblue",
  SCOPE_GROUP_AND_BELOW: "blue",
  SCOPE_ALL: "purple",
};

export function scopeOf(grants: readonly Grant[], permission: Permission): ScopeChoice {
  return grants.find((grant) => grant.permission === permission)?.scope ?? "none";
}

export function withScope(grants: readonly Grant[], permission: Permission, choice: ScopeChoice): Grant[] {
  const rest = grants.filter((grant) => grant.permission !== permission);
  return choice === "none" ? rest : [...rest, { permission, scope: choice }];
}

/** Permissions by the service they open, in the catalog's order. */
export function byService(permissions: readonly PermissionEntry[]): [string, PermissionEntry[]][] {
  const services = new Map<string, PermissionEntry[]>();
  for (const entry of permissions) services.set(entry.service, [...(services.get(entry.service) ?? []), entry]);
  return [...services];
}

/** What a role is to hold. Names that this console doesn't know come as unspecified and can't be sent back. */
export function roleInput({ name, description, grants, fieldVisibilities }: Pick<Role, "name" | "description" | "grants" | "fieldVisibilities">) {
  return {
    name,
    description,
    grants: grants.flatMap(({ permission, scope }): GrantInput[] =>
      permission === "PERMISSION_UNSPECIFIED" || scope === "SCOPE_UNSPECIFIED" ? [] : [{ permission, scope }],
    ),
    fieldVisibilities: fieldVisibilities.flatMap(({ personalData, visibility }): FieldVisibilityInput[] =>
      personalData === "PERSONAL_DATA_UNSPECIFIED" || visibility === "VISIBILITY_UNSPECIFIED" ? [] : [{ personalData, visibility }],
    ),
  };
}
