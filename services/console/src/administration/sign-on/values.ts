// A provider as the values of its form, and what of them is to be sent; pure.
import type { IdentityProvider, IdentityProviderInput } from "@/api/types";
import { changedFields } from "@/shared/changes";

export interface ProviderValues {
  name: string;
  issuer: string;
  clientId: string;
  /** Empty: as it is. */
  clientSecret: string;
  scopes: string[];
  groupClaim: string;
  roleMappings: { providerGroup: string; roleId: string }[];
  defaultGroupId: string;
  createEmployees: boolean;
  trustEmail: boolean;
  trustSecondFactor: boolean;
  enabled: boolean;
}

export const blank: ProviderValues = {
  name: "",
  issuer: "",
  clientId: "",
  clientSecret: "",
  scopes: ["profile", "email"],
  groupClaim: "",
  roleMappings: [],
  defaultGroupId: "",
  createEmployees: false,
  trustEmail: false,
  trustSecondFactor: false,
  enabled: true,
};

export function providerValues(provider: IdentityProvider): ProviderValues {
  const { name, issuer, clientId, scopes, groupClaim, createEmployees, trustEmail, trustSecondFactor, enabled } = provider;
  return {
    ...{ name, issuer, clientId, scopes, groupClaim, createEmployees, trustEmail, trustSecondFactor, enabled },
    // The service never tells it.
    clientSecret: "",
    roleMappings: provider.roleMappings.map(({ providerGroup, roleId }) => ({ providerGroup, roleId })),
    defaultGroupId: provider.defaultGroupId ?? "",
  };
}

/** What a PATCH carries: an untouched secret stays, and a client that has none any more loses it only when asked to. */
export function providerChanges(before: ProviderValues, after: ProviderValues, removeSecret: boolean): IdentityProviderInput {
  const { clientSecret, ...changes } = changedFields<ProviderValues>(before, after);
  if (clientSecret) return { ...changes, clientSecret };
  return removeSecret ? { ...changes, clientSecret: "" } : changes;
}
