import { client, unwrap } from "@/api/client";
import type { Service } from "../services";

export const getStatus = (service: Service) => unwrap(client.GET(`/v1/operations/${service}/status`));

export const listDeadJobs = (service: Service, pageToken?: string) =>
  unwrap(client.GET(`/v1/operations/${service}/deadJobs`, { params: { query: { pageSize: 50, pageToken } } }));

export const retryDeadJob = (service: Service, id: string) =>
  unwrap(client.POST(`/v1/operations/${service}/deadJobs/{id}:retry`, { params: { path: { id } }, body: {} }));

export const listDeadLetters = (service: Service, pageToken?: string) =>
  unwrap(client.GET(`/v1/operations/${service}/deadLetters`, { params: { query: { pageSize: 50, pageToken } } }));

export const retryDeadLetter = (service: Service, consumer: string, eventId: string) =>
  unwrap(client.POST(`/v1/operations/${service}/deadLetters/{consumer}/{eventId}:retry`, { params: { path: { consumer, eventId } }, body: {} }));
