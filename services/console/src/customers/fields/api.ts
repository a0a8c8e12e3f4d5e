import { useQuery, useQueryClient } from "@tanstack/react-query";
import { allPages } from "@/api/pages";
import { client, unwrap } from "@/api/client";
import type { FieldInput, FieldPatch } from "@/api/types";

export function useFields(includeRetired = false) {
  return useQuery({
    queryKey: ["fields", includeRetired],
    queryFn: async () => {
      const fields = await allPages(
        (pageToken) => unwrap(client.GET("/v1/fields", { params: { query: { pageSize: 1000, pageToken, includeRetired } } })),
        (page) => page.fields,
      );
      return fields.sort((a, b) => a.position - b.position || (a.key < b.key ? -1 : 1));
    },
    staleTime: 60_000,
  });
}

export const createField = (field: FieldInput) => unwrap(client.POST("/v1/fields", { body: field }));

export const updateField = (key: string, body: FieldPatch) =>
  unwrap(client.PATCH("/v1/fields/{key}", { params: { path: { key } }, body }));

export function useFieldsChanged() {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: ["fields"] });
}
