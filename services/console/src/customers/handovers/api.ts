// Calls of the handover service.
import { client, unwrap } from "@/api/client";
import type { HandoverInput } from "@/api/types";

export const listHandovers = (pageToken?: string) => unwrap(client.GET("/v1/handovers", { params: { query: { pageToken, pageSize: 20 } } }));

export const getHandover = (id: string) => unwrap(client.GET("/v1/handovers/{id}", { params: { path: { id } } }));

export const createHandover = (handover: HandoverInput) => unwrap(client.POST("/v1/handovers", { body: handover }));

export const previewHandover = (fromEmployeeId: string, filter: string) =>
  unwrap(client.POST("/v1/handovers:preview", { body: { fromEmployeeId, filter } }));

export const undoHandover = (id: string) => unwrap(client.POST("/v1/handovers/{id}:undo", { params: { path: { id } }, body: {} }));
