// A role's grants as the cells of a matrix, and back; pure.
import type { FieldVisibilityInput, Grant, GrantInput, Permission, PermissionEntry, Role, RoleAudience, Scope } from "@/api/types";

export const allScopes: Scope[] = ["SCOPE_OWN", "SCOPE_GROUP", "SCOPE_GROUP_AND_BELOW", "SCOPE_CHOSEN_GROUPS", "SCOPE_ALL"];

export type ScopeChoice = Scope | "none";

export const scopeColors: Record<Scope, string> = {
  SCOPE_UNSPECIFIED: "default",
  SCOPE_OWN: "cyan",
  SCOPE_GROUP: "geekblue",
  SCOPE_GROUP_AND_BELOW: "blue",
  SCOPE_CHOSEN_GROUPS: "magenta",
  SCOPE_ALL: "purple",
};

export type RoleDraft = Pick<Role, "name" | "description" | "grants" | "fieldVisibilities" | "secondFactorRequired" | "audience">;

export function draftOf(role: Role | undefined): RoleDraft {
  return {
    name: role?.name ?? "",
    description: role?.description ?? "",
    grants: role?.grants ?? [],
    fieldVisibilities: role?.fieldVisibilities ?? [],
    secondFactorRequired: role?.secondFactorRequired ?? false,
    audience: forCustomers(role?.audience) ? "ROLE_AUDIENCE_CUSTOMERS" : "ROLE_AUDIENCE_EMPLOYEES",
  };
}

export function forCustomers(audience: RoleAudience | undefined): boolean {
  return audience === "ROLE_AUDIENCE_CUSTOMERS";
}

export function scopeOf(grants: readonly Grant[], permission: Permission): ScopeChoice {
  return grants.find((grant) => grant.permission === permission)?.scope ?? "none";
}

export function groupsOf(grants: readonly Grant[], permission: Permission): string[] {
  return grants.find((grant) => grant.permission === permission)?.groupIds ?? [];
}

/** Groups belong to the one scope that names them; another scope drops them. */
export function withScope(grants: readonly Grant[], permission: Permission, choice: ScopeChoice, groupIds: string[] = []): Grant[] {
  const rest = grants.filter((grant) => grant.permission !== permission);
  if (choice === "none") return rest;
  return [...rest, { permission, scope: choice, groupIds: choice === "SCOPE_CHOSEN_GROUPS" ? groupIds : [] }];
}

/** A grant for chosen groups that names none would be refused. */
export function groupsMissing(grants: readonly Grant[]): boolean {
  return grants.some((grant) => grant.scope === "SCOPE_CHOSEN_GROUPS" && grant.groupIds.length === 0);
}

/** Permissions by the service they open, in the catalog's order. */
export function byService(permissions: readonly PermissionEntry[]): [string, PermissionEntry[]][] {
  const services = new Map<string, PermissionEntry[]>();
  for (const entry of permissions) services.set(entry.service, [...(services.get(entry.service) ?? []), entry]);
  return [...services];
}

/** What users of the portal may hold: their own records, and nothing that administers. The service decides; this hides the rest. */
const portalPermissions = new Set<Permission>([
  "PERMISSION_CUSTOMERS_READ",
  "PERMISSION_CUSTOMERS_UPDATE",
  "PERMISSION_CONTACTS_READ",
  "PERMISSION_CONTACTS_WRITE",
  "PERMISSION_INTERACTIONS_READ",
]);

export function catalogFor(audience: RoleAudience, permissions: readonly PermissionEntry[]): PermissionEntry[] {
  if (!forCustomers(audience)) return [...permissions];
  return permissions.filter(({ permission }) => portalPermissions.has(permission)).map((entry) => ({ ...entry, scopes: ["SCOPE_OWN"] }));
}

/** For another audience, a draft keeps only what such a role can hold. */
export function withAudience(draft: RoleDraft, audience: RoleAudience, permissions: readonly PermissionEntry[]): RoleDraft {
  const offered = new Map(catalogFor(audience, permissions).map(({ permission, scopes }) => [permission, scopes]));
  const grants = draft.grants.filter((grant) => offered.get(grant.permission)?.includes(grant.scope));
  return { ...draft, audience, grants };
}

export interface Effect {
  permission: Permission;
  before: ScopeChoice;
  after: ScopeChoice;
  /** Of the chosen groups, for a change of these alone. */
  added: number;
  removed: number;
}

/** What saving would change for the holders, in the order of the catalog. */
export function effects(before: readonly Grant[], after: readonly Grant[], permissions: readonly PermissionEntry[]): Effect[] {
  return permissions.flatMap(({ permission }) => {
    const had = new Set(groupsOf(before, permission));
    const has = new Set(groupsOf(after, permission));
    const effect: Effect = {
      permission,
      before: scopeOf(before, permission),
      after: scopeOf(after, permission),
      added: [...has].filter((id) => !had.has(id)).length,
      removed: [...had].filter((id) => !has.has(id)).length,
    };
    return effect.before === effect.after && effect.added === 0 && effect.removed === 0 ? [] : [effect];
  });
}

/** What a role is to hold. Names that this console doesn't know come as unspecified and can't be sent back. */
export function roleInput({ name, description, grants, fieldVisibilities, secondFactorRequired, audience }: RoleDraft) {
  return {
    name,
    description,
    grants: grants.flatMap(({ permission, scope, groupIds }): GrantInput[] =>
      permission === "PERMISSION_UNSPECIFIED" || scope === "SCOPE_UNSPECIFIED" ? [] : [{ permission, scope, groupIds }],
    ),
    fieldVisibilities: fieldVisibilities.flatMap(({ personalData, visibility }): FieldVisibilityInput[] =>
      personalData === "PERSONAL_DATA_UNSPECIFIED" || visibility === "VISIBILITY_UNSPECIFIED" ? [] : [{ personalData, visibility }],
    ),
    secondFactorRequired,
    audience,
  };
}
