// Calls about the caller's own means to sign in.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { allPages } from "@/api/pages";
import { client, unwrap } from "@/api/client";
import type { PersonalApiKeyInput } from "@/api/types";

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
