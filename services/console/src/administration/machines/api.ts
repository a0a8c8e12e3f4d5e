import { useQuery, useQueryClient } from "@tanstack/react-query";
import { allPages } from "@/api/pages";
import { client, unwrap } from "@/api/client";
import type { ApiKeyInput, ServiceAccountInput } from "@/api/types";

export function useServiceAccounts() {
  return useQuery({
    queryKey: ["serviceAccounts"],
    queryFn: () =>
      allPages(
        (pageToken) => unwrap(client.GET("/v1/serviceAccounts", { params: { query: { pageSize: 200, pageToken } } })),
        (page) => page.serviceAccounts,
      ),
  });
}

export const createServiceAccount = (account: ServiceAccountInput) => unwrap(client.POST("/v1/serviceAccounts", { body: account }));

export const updateServiceAccount = (id: string, body: ServiceAccountInput) =>
  unwrap(client.PATCH("/v1/serviceAccounts/{id}", { params: { path: { id } }, body }));

export const disableServiceAccount = (id: string, etag: string) =>
  unwrap(client.POST("/v1/serviceAccounts/{id}:disable", { params: { path: { id } }, body: { etag } }));

export const enableServiceAccount = (id: string, etag: string) =>
  unwrap(client.POST("/v1/serviceAccounts/{id}:enable", { params: { path: { id } }, body: { etag } }));

export const deleteServiceAccount = (id: string, etag: string) =>
  unwrap(client.DELETE("/v1/serviceAccounts/{id}", { params: { path: { id }, query: { etag } } }));

export const listApiKeys = (holderId?: string, pageToken?: string) =>
  unwrap(client.GET("/v1/apiKeys", { params: { query: { holderId, pageSize: 50, pageToken } } }));

export const createApiKey = (serviceAccountId: string, key: ApiKeyInput) =>
  unwrap(client.POST("/v1/serviceAccounts/{serviceAccountId}/apiKeys", { params: { path: { serviceAccountId } }, body: key }));

export const revokeApiKey = (id: string) => unwrap(client.POST("/v1/apiKeys/{id}:revoke", { params: { path: { id } }, body: {} }));

export function useMachinesChanged() {
  const queries = useQueryClient();
  return () => Promise.all(["serviceAccounts", "apiKeys"].map((key) => queries.invalidateQueries({ queryKey: [key] })));
}
