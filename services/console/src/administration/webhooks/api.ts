import { useQuery, useQueryClient } from "@tanstack/react-query";
import { allPages } from "@/api/pages";
import { client, unwrap } from "@/api/client";
import type { WebhookDeliveryState, WebhookEndpointInput } from "@/api/types";

export function useEndpoints() {
  return useQuery({
    queryKey: ["webhooks"],
    queryFn: () =>
      allPages(
        (pageToken) => unwrap(client.GET("/v1/webhookEndpoints", { params: { query: { pageSize: 200, pageToken } } })),
        (page) => page.endpoints,
      ),
  });
}

export function useEndpoint(id: string) {
  return useQuery({ queryKey: ["webhook", id], queryFn: () => unwrap(client.GET("/v1/webhookEndpoints/{id}", { params: { path: { id } } })) });
}

export function useEventTypes() {
  return useQuery({
    queryKey: ["webhookEventTypes"],
    queryFn: () =>
      allPages(
        (pageToken) => unwrap(client.GET("/v1/webhookEventTypes", { params: { query: { pageSize: 500, pageToken } } })),
        (page) => page.eventTypes,
      ),
    staleTime: Infinity,
  });
}

export const createEndpoint = (endpoint: WebhookEndpointInput) => unwrap(client.POST("/v1/webhookEndpoints", { body: endpoint }));

export const updateEndpoint = (id: string, body: WebhookEndpointInput) =>
  unwrap(client.PATCH("/v1/webhookEndpoints/{id}", { params: { path: { id } }, body }));

export const deleteEndpoint = (id: string, etag: string) =>
  unwrap(client.DELETE("/v1/webhookEndpoints/{id}", { params: { path: { id }, query: { etag } } }));

export const rotateSecret = (id: string) => unwrap(client.POST("/v1/webhookEndpoints/{id}:rotateSecret", { params: { path: { id } }, body: {} }));

export const sendTest = (id: string) => unwrap(client.POST("/v1/webhookEndpoints/{id}:sendTest", { params: { path: { id } }, body: {} }));

export interface DeliveryQuery {
  state?: Exclude<WebhookDeliveryState, "WEBHOOK_DELIVERY_STATE_UNSPECIFIED">;
  startTime?: string;
  endTime?: string;
}

export const listDeliveries = (endpointId: string, query: DeliveryQuery, pageToken?: string) =>
  unwrap(client.GET("/v1/webhookEndpoints/{endpointId}/deliveries", { params: { path: { endpointId }, query: { ...query, pageSize: 50, pageToken } } }));

export const getDelivery = (endpointId: string, id: string) =>
  unwrap(client.GET("/v1/webhookEndpoints/{endpointId}/deliveries/{id}", { params: { path: { endpointId, id } } }));

export const redeliver = (endpointId: string, id: string) =>
  unwrap(client.POST("/v1/webhookEndpoints/{endpointId}/deliveries/{id}:redeliver", { params: { path: { endpointId, id } }, body: {} }));

export const replayDeliveries = (endpointId: string, body: { startTime: string; endTime?: string; undeliveredOnly: boolean }) =>
  unwrap(client.POST("/v1/webhookEndpoints/{endpointId}/deliveries:replay", { params: { path: { endpointId } }, body }));

export const getReplay = (id: string) => unwrap(client.GET("/v1/webhookReplays/{id}", { params: { path: { id } } }));

export function useWebhooksChanged() {
  const queries = useQueryClient();
  return () => Promise.all(["webhooks", "webhook", "deliveries", "delivery"].map((key) => queries.invalidateQueries({ queryKey: [key] })));
}
