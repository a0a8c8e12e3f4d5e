import { useQuery } from "@tanstack/react-query";
import { client, unwrap } from "@/api/client";
import { allPages } from "@/api/pages";
import type { TagRule } from "@/api/types";
import { useEntries, type EntryIndex } from "../dictionaries/entries";

export const tagDictionary = "tag";

export function useTagRules(enabled = true) {
  return useQuery({
    queryKey: ["tagRules"],
    queryFn: () =>
      allPages(
        (pageToken) => unwrap(client.GET("/v1/tagRules", { params: { query: { pageSize: 200, pageToken } } })),
        (page) => page.tagRules,
      ),
    enabled,
    // Follows a run until it is over.
    refetchInterval: ({ state }) => (state.data?.some(({ run }) => run?.state === "RULE_RUN_STATE_RUNNING") ? 1000 : false),
  });
}

export const saveTagRule = (tag: string, filter: string, rule: TagRule | undefined) =>
  rule
    ? unwrap(client.PATCH("/v1/tagRules/{tag}", { params: { path: { tag } }, body: { filter, etag: rule.etag } }))
    : unwrap(client.POST("/v1/tagRules", { body: { tag, filter } }));

export const deleteTagRule = ({ tag, etag }: TagRule) => unwrap(client.DELETE("/v1/tagRules/{tag}", { params: { path: { tag }, query: { etag } } }));

export const previewTagRule = (tag: string, filter: string) => unwrap(client.POST("/v1/tagRules:preview", { body: { tagRule: { tag, filter } } }));

export function useCustomerTags(customerId: string, etag: string) {
  return useQuery({
    queryKey: ["tags", customerId, etag],
    queryFn: () =>
      allPages(
        (pageToken) => unwrap(client.GET("/v1/customers/{customerId}/tags", { params: { path: { customerId }, query: { pageSize: 200, pageToken } } })),
        (page) => page.tags,
      ),
  });
}

export interface TagChange {
  addTags?: string[];
  removeTags?: string[];
  reason?: string;
  expireTime?: string;
}

export const tagCustomers = (ids: string[], change: TagChange) => unwrap(client.POST("/v1/customers:tag", { body: { ids, ...change } }));

/** Entries that have none below them; the others are groups. */
export const tagsOf = (index: EntryIndex) => index.list.filter(({ code }) => !index.childrenOf.has(code));

export function useTags() {
  const { index, isPending } = useEntries(tagDictionary);
  return { index, tags: tagsOf(index), isPending };
}
