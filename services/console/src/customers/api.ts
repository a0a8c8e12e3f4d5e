// Calls of the customers service. The import's calls are in `imports/api.ts`, the dictionaries' beside their screen.
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { allPages } from "@/api/pages";
import { client, unwrap } from "@/api/client";
import type {
  ContactInput,
  ContactPatch,
  CustomerInput,
  CustomerOutcome,
  CustomerPatch,
  InteractionInput,
  InteractionPatch,
  PoolInput,
  RecordKind,
  Relation,
  RelationTypeInput,
  TimelineKind,
  ViewInput,
  ViewPatch,
} from "@/api/types";

export interface CustomerQuery {
  filter?: string;
  orderBy?: string;
  pageToken?: string;
  pageSize?: number;
  count?: boolean;
}

export const listCustomers = (query: CustomerQuery) => unwrap(client.GET("/v1/customers", { params: { query } }));

export const searchCustomers = (query: string, pageToken?: string, pageSize = 20) =>
  unwrap(client.GET("/v1/customers:search", { params: { query: { query, pageToken, pageSize } } }));

export const getCustomer = (id: string) => unwrap(client.GET("/v1/customers/{id}", { params: { path: { id } } }));

export function useCustomer(id: string) {
  return useQuery({ queryKey: ["customer", id], queryFn: () => getCustomer(id) });
}

export const createCustomer = (customer: CustomerInput) => unwrap(client.POST("/v1/customers", { body: customer }));

export const updateCustomer = (id: string, body: CustomerPatch, mask: string[]) =>
  unwrap(client.PATCH("/v1/customers/{id}", { params: { path: { id }, query: { updateMask: mask.join(",") } }, body }));

export const invalidateCustomer = (id: string, reason: string, etag: string) =>
  unwrap(client.POST("/v1/customers/{id}:invalidate", { params: { path: { id } }, body: { reason, etag } }));

export const restoreCustomer = (id: string, etag: string) =>
  unwrap(client.POST("/v1/customers/{id}:restore", { params: { path: { id } }, body: { etag } }));

export const claimCustomer = (id: string) =>
  unwrap(client.POST("/v1/customers/{id}:claim", { params: { path: { id } }, body: {} }));

export const returnCustomer = (id: string, body: Reason & { etag: string }) =>
  unwrap(client.POST("/v1/customers/{id}:return", { params: { path: { id } }, body }));

export interface Reason {
  reasonCode: string;
  reason: string;
}

const mostOfOneCall = 100;

/** What became of each, in calls of so many as one may have. */
async function inParts(ids: string[], act: (ids: string[]) => Promise<{ outcomes: CustomerOutcome[] }>): Promise<CustomerOutcome[]> {
  const outcomes: CustomerOutcome[] = [];
  for (let start = 0; start < ids.length; start += mostOfOneCall) outcomes.push(...(await act(ids.slice(start, start + mostOfOneCall))).outcomes);
  return outcomes;
}

export const claimCustomers = (ids: string[]) => inParts(ids, (part) => unwrap(client.POST("/v1/customers:claim", { body: { ids: part } })));

export const returnCustomers = (ids: string[], reason: Reason) =>
  inParts(ids, (part) => unwrap(client.POST("/v1/customers:return", { body: { ids: part, ...reason } })));

/** One's own customers that go back to a pool within a week, the first to go first. */
export const listExpiringCustomers = (pageSize: number) => unwrap(client.GET("/v1/pool/expiring", { params: { query: { pageSize } } }));

export const assignCustomers = (ids: string[], ownerId: string) =>
  unwrap(client.POST("/v1/customers:assign", { body: { ids, ownerId } }));

export const revealCustomer = (id: string, reason: string) =>
  unwrap(client.POST("/v1/customers/{id}:reveal", { params: { path: { id } }, body: { reason } }));

export const explainAccess = (customerId: string, employeeId: string) =>
  unwrap(client.GET("/v1/customers/{customerId}/access", { params: { path: { customerId }, query: { employeeId } } }));

export const listOwnershipPeriods = (customerId: string, pageToken?: string) =>
  unwrap(client.GET("/v1/customers/{customerId}/ownershipPeriods", { params: { path: { customerId }, query: { pageToken, pageSize: 10 } } }));

export function usePools() {
  return useQuery({
    queryKey: ["pools"],
    queryFn: () =>
      allPages(
        (pageToken) => unwrap(client.GET("/v1/pools", { params: { query: { pageToken, pageSize: 200 } } })),
        (page) => page.pools,
      ),
  });
}

export const createPool = (pool: PoolInput) => unwrap(client.POST("/v1/pools", { body: pool }));

export const updatePool = (id: string, pool: PoolInput) => unwrap(client.PATCH("/v1/pools/{id}", { params: { path: { id } }, body: pool }));

export const deletePool = (id: string, etag: string) => unwrap(client.DELETE("/v1/pools/{id}", { params: { path: { id }, query: { etag } } }));

/** What would go back today if the pool of this id, or a further one, were as it is here. */
export const previewPool = (poolId: string | undefined, pool: PoolInput) => unwrap(client.POST("/v1/pools:preview", { body: { pool, poolId } }));

export const listPoolCustomers = (query: CustomerQuery & { poolId?: string }) => unwrap(client.GET("/v1/pool/customers", { params: { query } }));

export function usePoolRule() {
  return useQuery({ queryKey: ["poolRule"], queryFn: () => unwrap(client.GET("/v1/pool/rule")) });
}

export function useViews(recordKind: RecordKind = "RECORD_KIND_CUSTOMER") {
  return useQuery({
    queryKey: ["views", recordKind],
    queryFn: () =>
      allPages(
        (pageToken) => unwrap(client.GET("/v1/views", { params: { query: { pageSize: 200, pageToken, recordKind } } })),
        (page) => page.views,
      ),
    staleTime: 60_000,
  });
}

export const createView = (view: ViewInput) => unwrap(client.POST("/v1/views", { body: view }));

export const updateView = (id: string, body: ViewPatch) =>
  unwrap(client.PATCH("/v1/views/{id}", { params: { path: { id } }, body }));

export const deleteView = (id: string, etag: string) =>
  unwrap(client.DELETE("/v1/views/{id}", { params: { path: { id }, query: { etag } } }));

export const listContacts = (query: { filter?: string; orderBy?: string; pageSize?: number; pageToken?: string }) => unwrap(client.GET("/v1/contacts", { params: { query } }));

export function useContacts(customerId: string, includeInvalid = false) {
  return useQuery({
    queryKey: ["contacts", customerId, includeInvalid],
    queryFn: () =>
      allPages(
        (pageToken) =>
          unwrap(
            client.GET("/v1/customers/{customerId}/contacts", {
              params: { path: { customerId }, query: { pageSize: 200, pageToken, includeInvalid } },
            }),
          ),
        (page) => page.contacts,
      ),
  });
}

export const createContact = (customerId: string, contact: ContactInput) =>
  unwrap(client.POST("/v1/customers/{customerId}/contacts", { params: { path: { customerId } }, body: contact }));

export const updateContact = (id: string, body: ContactPatch, mask: string[]) =>
  unwrap(client.PATCH("/v1/contacts/{id}", { params: { path: { id }, query: { updateMask: mask.join(",") } }, body }));

export const invalidateContact = (id: string, etag: string) =>
  unwrap(client.POST("/v1/contacts/{id}:invalidate", { params: { path: { id } }, body: { etag } }));

export const revealContact = (id: string, reason: string) =>
  unwrap(client.POST("/v1/contacts/{id}:reveal", { params: { path: { id } }, body: { reason } }));

export function useRelations(customerId: string, includeEnded: boolean) {
  return useQuery({
    queryKey: ["relations", customerId, includeEnded],
    queryFn: () =>
      allPages(
        (pageToken) =>
          unwrap(client.GET("/v1/customers/{customerId}/relations", { params: { path: { customerId }, query: { pageSize: 200, pageToken, includeEnded } } })),
        (page) => page.relations,
      ),
  });
}

export function useRelationGraph(customerId: string, depth: number, includeEnded: boolean) {
  return useQuery({
    queryKey: ["relations", customerId, "graph", depth, includeEnded],
    queryFn: () => unwrap(client.GET("/v1/customers/{customerId}/relationGraph", { params: { path: { customerId }, query: { depth, includeEnded } } })),
    placeholderData: keepPreviousData,
  });
}

type RelationChange = Pick<Relation, "validFrom" | "validUntil" | "remark">;

export const createRelation = (customerId: string, body: RelationChange & { relatedCustomerId: string; type: RelationTypeInput }) =>
  unwrap(client.POST("/v1/customers/{customerId}/relations", { params: { path: { customerId } }, body }));

export const updateRelation = ({ id, etag }: Relation, change: RelationChange) =>
  unwrap(client.PATCH("/v1/relations/{id}", { params: { path: { id }, query: { updateMask: "validFrom,validUntil,remark" } }, body: { ...change, etag } }));

export const deleteRelation = (id: string) => unwrap(client.DELETE("/v1/relations/{id}", { params: { path: { id } } }));

export function useShares(customerId: string) {
  return useQuery({
    queryKey: ["shares", customerId],
    queryFn: () =>
      allPages(
        (pageToken) =>
          unwrap(client.GET("/v1/customers/{customerId}/shares", { params: { path: { customerId }, query: { pageSize: 200, pageToken } } })),
        (page) => page.shares,
      ),
  });
}

export const createShare = (customerId: string, share: { employeeId?: string; groupId?: string; expireTime?: string }) =>
  unwrap(client.POST("/v1/customers/{customerId}/shares", { params: { path: { customerId } }, body: share }));

export const deleteShare = (id: string) => unwrap(client.DELETE("/v1/shares/{id}", { params: { path: { id } } }));

export const listTimeline = (customerId: string, kinds: TimelineKind[], pageToken?: string) =>
  unwrap(client.GET("/v1/customers/{customerId}/timeline", { params: { path: { customerId }, query: { kinds, pageSize: 30, pageToken } } }));

export const listInteractions = (query: { filter?: string; orderBy?: string; pageSize?: number; pageToken?: string }) =>
  unwrap(client.GET("/v1/interactions", { params: { query } }));

export const createInteraction = (customerId: string, interaction: InteractionInput) =>
  unwrap(client.POST("/v1/customers/{customerId}/interactions", { params: { path: { customerId } }, body: interaction }));

export const updateInteraction = (id: string, body: InteractionPatch, mask: string[]) =>
  // The document has one shape for both; only creation needs the time.
  unwrap(client.PATCH("/v1/interactions/{id}", { params: { path: { id }, query: { updateMask: mask.join(",") } }, body: body as InteractionInput }));

export const cancelInteraction = (id: string, reason: string, etag: string) =>
  unwrap(client.POST("/v1/interactions/{id}:cancel", { params: { path: { id } }, body: { reason, etag } }));

/** A change of a customer or of what hangs on it shows in lists, on its page and in its timeline. */
export function useCustomerChanged() {
  const queries = useQueryClient();
  return () =>
    Promise.all(
      ["customers", "customer", "contacts", "relations", "shares", "timeline", "interactions", "attachments", "pool", "search", "ownership", "expiring", "duplicates", "tags", "grades"].map((key) =>
        queries.invalidateQueries({ queryKey: [key] }),
      ),
    );
}
