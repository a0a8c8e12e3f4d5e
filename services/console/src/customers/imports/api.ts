// Calls of the import.
import { useQuery } from "@tanstack/react-query";
import { client, unwrap } from "@/api/client";
import { uploadWithProgress } from "@/api/progress";
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

export const undoImport = (id: string) =>
  unwrap(client.POST("/v1/imports/{id}:undo", { params: { path: { id } }, body: {} }));

export const listImportKept = (importId: string, pageToken?: string) =>
  unwrap(client.GET("/v1/imports/{importId}/kept", { params: { path: { importId }, query: { pageSize: 50, pageToken } } }));

export const listRowErrors = (importId: string, pageToken?: string) =>
  unwrap(client.GET("/v1/imports/{importId}/rowErrors", { params: { path: { importId }, query: { pageSize: 50, pageToken } } }));

export const uploadImportFile = (file: File, onProgress: (part: number) => void, signal: AbortSignal) =>
  uploadWithProgress<Import>(`/v1/imports?fileName=${encodeURIComponent(file.name)}`, file, onProgress, signal);
