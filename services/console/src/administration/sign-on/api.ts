import { useQuery, useQueryClient } from "@tanstack/react-query";
import { allPages } from "@/api/pages";
import { client, unwrap } from "@/api/client";
import type { IdentityProviderInput } from "@/api/types";

export function useProviders() {
  return useQuery({
    queryKey: ["identityProviders"],
    queryFn: () =>
      allPages(
        (pageToken) => unwrap(client.GET("/v1/identityProviders", { params: { query: { pageSize: 200, pageToken } } })),
        (page) => page.identityProviders,
      ),
  });
}

export const createProvider = (provider: IdentityProviderInput) => unwrap(client.POST("/v1/identityProviders", { body: provider }));

export const updateProvider = (id: string, body: IdentityProviderInput) =>
  unwrap(client.PATCH("/v1/identityProviders/{id}", { params: { path: { id } }, body }));

export const deleteProvider = (id: string, etag: string) =>
  unwrap(client.DELETE("/v1/identityProviders/{id}", { params: { path: { id }, query: { etag } } }));

export function useProvidersChanged() {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: ["identityProviders"] });
}
