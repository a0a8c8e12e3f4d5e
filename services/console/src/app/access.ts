// Who is signed in, what they may do and which services are there. Screens and menus ask here; the services decide.
import { useQuery } from "@tanstack/react-query";
import { client, unwrap } from "@/api/client";
import type { Customer, Deployment, Permission, Profile, Scope } from "@/api/types";

export const profileKey = ["profile"] as const;

export function useProfileQuery(enabled = true) {
  return useQuery({
    queryKey: profileKey,
    queryFn: () => unwrap(client.GET("/v1/profile")),
    staleTime: 60_000,
    refetchOnWindowFocus: true,
    enabled,
  });
}

export function useDeployment() {
  return useQuery({
    queryKey: ["deployment"],
    queryFn: () => unwrap(client.GET("/v1/deployment")),
    staleTime: 60_000,
  });
}

export interface Access {
  profile: Profile | undefined;
  can: (permission: Permission) => boolean;
  scopeOf: (permission: Permission) => Scope | undefined;
  /** Whether the permission covers the customer. Shares only let it be read; groups that only the service can work out count. */
  reaches: (permission: Permission, customer: Pick<Customer, "ownerId" | "groupId">) => boolean;
  has: (service: string) => boolean;
}

export function accessOf(profile: Profile | undefined, deployment: Deployment | undefined): Access {
  const grants = new Map(profile?.grants.map((grant) => [grant.permission, grant]));
  const isMine = (id: string, mine: string | undefined) => id !== "" && id === mine;
  return {
    profile,
    can: (permission) => grants.has(permission),
    scopeOf: (permission) => grants.get(permission)?.scope,
    reaches: (permission, { ownerId, groupId }) => {
      const grant = grants.get(permission);
      if (!grant) return false;
      // Groups that another role names come on top of the widest scope.
      if (grant.groupIds.length > 0 || isMine(ownerId, profile?.id)) return true;
      if (grant.scope === "SCOPE_GROUP") return isMine(groupId, profile?.groupId);
      return grant.scope !== "SCOPE_OWN";
    },
    // Until the deployment is known nothing is hidden: a call to an absent service explains itself.
    has: (service) => deployment?.services.find((entry) => entry.name === service)?.present ?? !deployment,
  };
}

export function useAccess(): Access {
  return accessOf(useProfileQuery().data, useDeployment().data);
}
