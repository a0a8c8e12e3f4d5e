import { client, unwrap } from "@/api/client";
import { download } from "@/api/download";
import type { Service } from "../services";

export const listAuditEntries = (service: Service, filter: string, pageToken?: string) =>
  unwrap(client.GET(`/v1/operations/${service}/auditEntries`, { params: { query: { filter: filter || undefined, pageSize: 50, pageToken } } }));

export const exportAuditEntries = (service: Service, filter: string) =>
  download(`/v1/operations/${service}/auditEntries:export`, { filter }, `audit-${service}.csv`);
