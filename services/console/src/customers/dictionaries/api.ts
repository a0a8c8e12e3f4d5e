import { useQuery, useQueryClient } from "@tanstack/react-query";
import { allPages } from "@/api/pages";
import { client, unwrap } from "@/api/client";
import { upload } from "@/api/upload";
import type { DictionaryEntryInput, DictionaryEntryPatch, DictionaryInput, ImportedDictionary } from "@/api/types";

export function useDictionaries() {
  return useQuery({
    queryKey: ["dictionaries"],
    queryFn: () =>
      allPages(
        (pageToken) => unwrap(client.GET("/v1/dictionaries", { params: { query: { pageSize: 1000, pageToken } } })),
        (page) => page.dictionaries,
      ),
    staleTime: 60_000,
  });
}

/** `parentCode` narrows a tree to the children of one entry; `-` stands for those at the top. */
export const listEntries = (dictionary: string, parentCode?: string) =>
  allPages(
    (pageToken) =>
      unwrap(
        client.GET("/v1/dictionaries/{dictionary}/entries", {
          params: { path: { dictionary }, query: { pageSize: 1000, pageToken, parentCode } },
        }),
      ),
    (page) => page.entries,
  );

export const createDictionary = (dictionary: DictionaryInput) =>
  unwrap(client.POST("/v1/dictionaries", { body: dictionary }));

export const createEntry = (dictionary: string, entry: DictionaryEntryInput) =>
  unwrap(client.POST("/v1/dictionaries/{dictionary}/entries", { params: { path: { dictionary } }, body: entry }));

export const updateEntry = (dictionary: string, code: string, body: DictionaryEntryPatch) =>
  unwrap(client.PATCH("/v1/dictionaries/{dictionary}/entries/{code}", { params: { path: { dictionary, code } }, body }));

export const deleteEntry = (dictionary: string, code: string) =>
  unwrap(client.DELETE("/v1/dictionaries/{dictionary}/entries/{code}", { params: { path: { dictionary, code } } }));

export const importEntries = (dictionary: string, file: File, dryRun: boolean) =>
  upload<ImportedDictionary>("/v1/dictionaryImports", { dictionary, fileName: file.name, dryRun: String(dryRun) }, file);

export function useDictionaryChanged() {
  const queries = useQueryClient();
  return () =>
    Promise.all(["dictionaries", "entries", "entryChildren"].map((key) => queries.invalidateQueries({ queryKey: [key] })));
}
