// Calls of the import: the upload goes by XMLHttpRequest, which alone reports its progress.
import { useQuery } from "@tanstack/react-query";
import i18n from "i18next";
import { client, unwrap } from "@/api/client";
import { newKey } from "@/api/key";
import { problemFromBody } from "@/api/problem";
import { refreshSession, sessionHeaders } from "@/api/session";
import { contentTypeOf } from "@/api/upload";
import type { DuplicatePolicy, Import, ImportColumn, ImportKey } from "@/api/types";

export const getImport = (id: string) => unwrap(client.GET("/v1/imports/{id}", { params: { path: { id } } }));

export function useImport(id: string) {
  return useQuery({ queryKey: ["import", id], queryFn: () => getImport(id) });
}

export const listImports = (pageToken?: string) => unwrap(client.GET("/v1/imports", { params: { query: { pageSize: 20, pageToken } } }));

export interface RunChoice {
  columns: ImportColumn[];
  key: ImportKey;
  duplicatePolicy: DuplicatePolicy;
  ownerId?: string;
}

export const runImport = (id: string, choice: RunChoice, dryRun: boolean) =>
  unwrap(client.POST("/v1/imports/{id}:run", { params: { path: { id } }, body: { ...choice, dryRun } }));

export const cancelImport = (id: string) =>
  unwrap(client.POST("/v1/imports/{id}:cancel", { params: { path: { id } }, body: {} }));

export const listRowErrors = (importId: string, pageToken?: string) =>
  unwrap(client.GET("/v1/imports/{importId}/rowErrors", { params: { path: { importId }, query: { pageSize: 50, pageToken } } }));

export async function uploadImportFile(file: File, onProgress: (part: number) => void, signal: AbortSignal): Promise<Import> {
  const first = await post(file, onProgress, signal);
  if (first.status !== 401 || !(await refreshSession())) return settled(first);
  return settled(await post(file, onProgress, signal));
}

function settled({ status, body, requestId }: Posted): Import {
  if (status >= 200 && status < 300) return body as Import;
  throw problemFromBody(status, body, requestId);
}

interface Posted {
  status: number;
  body: unknown;
  requestId: string;
}

function post(file: File, onProgress: (part: number) => void, signal: AbortSignal): Promise<Posted> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/v1/imports?fileName=${encodeURIComponent(file.name)}`);
    const headers = {
      ...sessionHeaders("POST"),
      "Content-Type": contentTypeOf(file),
      "Accept-Language": i18n.language,
      "Idempotency-Key": newKey(),
    };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.responseType = "json";
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onload = () =>
      resolve({ status: request.status, body: request.response as unknown, requestId: request.getResponseHeader("x-request-id") ?? "" });
    request.onerror = () => reject(new Error(i18n.t("common.fault.offline")));
    request.onabort = () => reject(new DOMException("", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}
