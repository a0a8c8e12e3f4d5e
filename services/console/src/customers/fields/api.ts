import { useQuery, useQueryClient } from "@tanstack/react-query";
import { allPages } from "@/api/pages";
import { client, unwrap } from "@/api/client";
import type { FieldInput, FieldPatch, RecordKind } from "@/api/types";

export function useFields(recordKind: RecordKind = "RECORD_KIND_CUSTOMER", includeRetired = false) {
  return useQuery({
    queryKey: ["fields", recordKind, includeRetired],
    queryFn: async () => {
      const fields = await allPages(
        (pageToken) => unwrap(client.GET("/v1/fields", { params: { query: { pageSize: 1000, pageToken, includeRetired, recordKind } } })),
        (page) => page.fields,
      );
      return fields.sort((a, b) => a.position - b.position || (a.key < b.key ? -1 : 1));
    },
    staleTime: 60_000,
    // An index that is being made is looked at until it is there.
    refetchInterval: ({ state }) => (state.data?.some((field) => field.indexState === "FIELD_INDEX_STATE_BUILDING") ? 2_000 : false),
  });
}

export const createField = (field: FieldInput) => unwrap(client.POST("/v1/fields", { body: field }));

/** What the mask names and the body leaves out is taken away. */
export const updateField = (key: string, body: FieldPatch, mask: string[]) =>
  unwrap(client.PATCH("/v1/fields/{key}", { params: { path: { key }, query: { updateMask: mask.join(",") } }, body }));

/** How many records a definition does not fit; asked once the form rests. */
export function useFieldPreview(field: FieldInput, enabled: boolean) {
  return useQuery({
    queryKey: ["field-preview", field],
    queryFn: () => unwrap(client.POST("/v1/fields:preview", { body: { field } })),
    enabled,
    // A definition that is still being typed is refused; saving it says why.
    retry: false,
  });
}

export function useFieldsChanged() {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: ["fields"] });
}
