// Who is signed in, what they may do and which services are there. Screens and menus ask here; the services decide.
import { useQuery } from "@tanstack/react-query";
import { client, unwrap } from "@/api/client";
import type { Deployment, Permission, Profile, Scope } from "@/api/types";

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
  has: (service: string) => boolean;
}

export function accessOf(profile: Profile | undefined, deployment: Deployment | undefined): Access {
  const scopes = new Map(profile?.grants.map((grant) => [grant.permission, grant.scope]));
  return {
    profile,
    can: (permission) => scopes.has(permission),
    scopeOf: (permission) => scopes.get(permission),
    // Until the deployment is known nothing is hidden: a call to an absent service explains itself.
    has: (service) => deployment?.services.find((entry) => entry.name === service)?.present ?? !deployment,
  };
}

export function useAccess(): Access {
  return accessOf(useProfileQuery().data, useDeployment().data);
}
