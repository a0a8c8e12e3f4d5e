// Which service accounts provision people, and what they did; pure.
import type { Role, ServiceAccount } from "@/api/types";
import { permissionsOf } from "../machines/keys";

/** Those whose roles hold the permission; all, where the caller may not know the roles. */
export const provisioners = (accounts: readonly ServiceAccount[], roles: readonly Role[] | undefined): ServiceAccount[] =>
  accounts.filter((account) => permissionsOf(account.roleIds, roles)?.includes("PERMISSION_PROVISIONING") ?? true);

/** Their changes, without their sign-ins. */
export function activityFilter(clients: readonly { id: string }[]): string {
  const actors = clients.map(({ id }) => `actor_id = "${id}"`).join(" OR ");
  return `(${actors}) AND (record_kind = "employee" OR record_kind = "group")`;
}
