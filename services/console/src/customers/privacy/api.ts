// Calls of consent and privacy.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { allPages } from "@/api/pages";
import { client, unwrap } from "@/api/client";
import type { ConsentInput, ContactBanInput, ErasureHoldInput, PrivacyRequestKind, PrivacyRequestState } from "@/api/types";

export const listConsents = (customerId: string, latestOnly: boolean, pageToken?: string) =>
  unwrap(client.GET("/v1/customers/{customerId}/consents", { params: { path: { customerId }, query: { latestOnly, pageToken, pageSize: 20 } } }));

export const createConsent = (customerId: string, body: ConsentInput) =>
  unwrap(client.POST("/v1/customers/{customerId}/consents", { params: { path: { customerId } }, body }));

/** Bans that hold. */
export function useBans(customerId: string) {
  return useQuery({
    queryKey: ["contactBans", customerId],
    queryFn: () =>
      allPages(
        (pageToken) =>
          unwrap(client.GET("/v1/customers/{customerId}/contactBans", { params: { path: { customerId }, query: { activeOnly: true, pageToken, pageSize: 200 } } })),
        (page) => page.contactBans,
      ),
  });
}

export const createBan = (customerId: string, body: ContactBanInput) =>
  unwrap(client.POST("/v1/customers/{customerId}/contactBans", { params: { path: { customerId } }, body }));

export const liftBan = (id: string) => unwrap(client.POST("/v1/contactBans/{id}:lift", { params: { path: { id } }, body: {} }));

/** What was said shows on its card and in the timeline. */
export function useConsentsChanged(customerId: string) {
  const queries = useQueryClient();
  return () => Promise.all(["consents", "contactBans", "timeline"].map((kind) => queries.invalidateQueries({ queryKey: [kind, customerId] })));
}

export const listRequests = (query: { customerId?: string; state?: PrivacyRequestState; pageToken?: string }) =>
  unwrap(client.GET("/v1/privacyRequests", { params: { query: { ...query, pageSize: 20 } } }));

export const getRequest = (id: string) => unwrap(client.GET("/v1/privacyRequests/{id}", { params: { path: { id } } }));

export const createRequest = (customerId: string, kind: PrivacyRequestKind, reason: string, contactId?: string) =>
  unwrap(client.POST("/v1/customers/{customerId}/privacyRequests", { params: { path: { customerId } }, body: { kind, reason, contactId } }));

export const approveRequest = (id: string, reason: string) =>
  unwrap(client.POST("/v1/privacyRequests/{id}:approve", { params: { path: { id } }, body: { reason } }));

export const refuseRequest = (id: string, reason: string) =>
  unwrap(client.POST("/v1/privacyRequests/{id}:refuse", { params: { path: { id } }, body: { reason } }));

export function useHolds(customerId: string) {
  return useQuery({
    queryKey: ["erasureHolds", customerId],
    queryFn: () =>
      allPages(
        (pageToken) => unwrap(client.GET("/v1/customers/{customerId}/erasureHolds", { params: { path: { customerId }, query: { pageToken, pageSize: 200 } } })),
        (page) => page.erasureHolds,
      ),
  });
}

export const createHold = (customerId: string, body: ErasureHoldInput) =>
  unwrap(client.POST("/v1/customers/{customerId}/erasureHolds", { params: { path: { customerId } }, body }));

export const releaseHold = (id: string) => unwrap(client.POST("/v1/erasureHolds/{id}:release", { params: { path: { id } }, body: {} }));

/** An erasure changes everything that is shown of a customer. */
export function useRequestsChanged() {
  const queries = useQueryClient();
  return () => queries.invalidateQueries();
}
