// Calls about the caller's own means to sign in.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { allPages } from "@/api/pages";
import { client, unwrap } from "@/api/client";
import type { PersonalApiKeyInput } from "@/api/types";
import { profileKey } from "@/app/access";

const cookieMode = { "X-Session-Mode": "cookie" };

export function usePersonalKeys() {
  return useQuery({
    queryKey: ["personalKeys"],
    queryFn: () =>
      allPages(
        (pageToken) => unwrap(client.GET("/v1/profile/apiKeys", { params: { query: { pageSize: 200, pageToken } } })),
        (page) => page.apiKeys,
      ),
  });
}

export const createPersonalKey = (body: PersonalApiKeyInput) => unwrap(client.POST("/v1/profile/apiKeys", { body }));

export function useRevokePersonalKey() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => unwrap(client.POST("/v1/profile/apiKeys/{id}:revoke", { params: { path: { id } }, body: {} })),
    onSettled: () => queries.invalidateQueries({ queryKey: ["personalKeys"] }),
  });
}

/** Proves anew who the caller is; the session goes on with fresh cookies. */
export const confirmIdentity = (body: { password?: string; totpCode?: string; passkeyJson?: string; challenge?: string }) =>
  unwrap(client.POST("/v1/sessions:confirmIdentity", { body, headers: cookieMode }));

export const startPasskeyConfirmation = () => unwrap(client.POST("/v1/sessions:startPasskeyConfirmation", { body: {} }));

export function useCredentials() {
  return useQuery({
    queryKey: ["credentials"],
    // Nobody has two hundred of them.
    queryFn: () => unwrap(client.GET("/v1/credentials", { params: { query: { pageSize: 200 } } })),
  });
}

/** Own second factors show in the profile and in what others see of one's access. */
export function useCredentialsChanged() {
  const queries = useQueryClient();
  return () => Promise.all([["credentials"], profileKey].map((queryKey) => queries.invalidateQueries({ queryKey })));
}

export const startTotp = () => unwrap(client.POST("/v1/credentials:startTotp", { body: {} }));

export const finishTotp = (body: { challenge: string; totpCode: string; name: string }) =>
  unwrap(client.POST("/v1/credentials:finishTotp", { body }));

export const startPasskey = () => unwrap(client.POST("/v1/credentials:startPasskey", { body: {} }));

export const finishPasskey = (body: { challenge: string; credentialJson: string; name: string }) =>
  unwrap(client.POST("/v1/credentials:finishPasskey", { body }));

export const renameCredential = (id: string, name: string, etag: string) =>
  unwrap(client.PATCH("/v1/credentials/{id}", { params: { path: { id } }, body: { name, etag } }));

export const deleteCredential = (id: string) => unwrap(client.DELETE("/v1/credentials/{id}", { params: { path: { id } } }));

export const createRecoveryCodes = () => unwrap(client.POST("/v1/recoveryCodes", { body: {} }));
