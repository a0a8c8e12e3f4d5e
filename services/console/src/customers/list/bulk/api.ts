// Calls of the bulk change service.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { client, unwrap } from "@/api/client";
import type { BulkChange, BulkChangeInput } from "@/api/types";

export const createBulkChange = (body: BulkChangeInput) => unwrap(client.POST("/v1/bulkChanges", { body }));

export const listBulkChanges = (pageToken?: string) => unwrap(client.GET("/v1/bulkChanges", { params: { query: { pageToken, pageSize: 10 } } }));

export const listRefusals = (bulkChangeId: string, pageToken?: string) =>
  unwrap(client.GET("/v1/bulkChanges/{bulkChangeId}/refusals", { params: { path: { bulkChangeId }, query: { pageToken, pageSize: 50 } } }));

export const undoBulkChange = (id: string) => unwrap(client.POST("/v1/bulkChanges/{id}:undo", { params: { path: { id } }, body: {} }));

const lookMillis = 1000;

export const isUnderWay = ({ state }: BulkChange) => state === "BULK_CHANGE_STATE_RUNNING" || state === "BULK_CHANGE_STATE_UNDOING";

/** One that is looked at until it has ended. */
export function useBulkChange(id: string | undefined) {
  return useQuery({
    queryKey: ["bulkChange", id],
    queryFn: () => unwrap(client.GET("/v1/bulkChanges/{id}", { params: { path: { id: id ?? "" } } })),
    enabled: Boolean(id),
    refetchInterval: ({ state }) => (state.data && isUnderWay(state.data) ? lookMillis : false),
  });
}

export function useBulkChangesChanged() {
  const queries = useQueryClient();
  return () => Promise.all(["bulkChange", "bulkChanges"].map((key) => queries.invalidateQueries({ queryKey: [key] })));
}
