// Calls of the duplicate and merge services.
import { client, unwrap } from "@/api/client";
import type { DuplicateCheck, DuplicatePairState, DuplicateReason, FieldChoice, MergingCustomer, Survivorship } from "@/api/types";

export const checkDuplicates = (asked: DuplicateCheck) => unwrap(client.POST("/v1/customers:checkDuplicates", { body: asked }));

export const startSearch = () => unwrap(client.POST("/v1/duplicateSearches", { body: {} }));

export const getSearch = (id: string) => unwrap(client.GET("/v1/duplicateSearches/{id}", { params: { path: { id } } }));

/** The caller's latest search. */
export const latestSearch = async () => (await unwrap(client.GET("/v1/duplicateSearches", { params: { query: { pageSize: 1 } } }))).searches[0] ?? null;

export interface PairQuery {
  state?: DuplicatePairState;
  reason?: DuplicateReason;
  customerId?: string;
  pageToken?: string;
}

export const listPairs = (query: PairQuery) => unwrap(client.GET("/v1/duplicatePairs", { params: { query: { pageSize: 20, ...query } } }));

export const dismissPair = (id: string) => unwrap(client.POST("/v1/duplicatePairs/{id}:dismiss", { params: { path: { id } }, body: {} }));

export const reopenPair = (id: string) => unwrap(client.POST("/v1/duplicatePairs/{id}:reopen", { params: { path: { id } }, body: {} }));

export const previewMerge = (survivorId: string, mergedIds: string[], survivorship: Survivorship) =>
  unwrap(client.POST("/v1/customerMerges:preview", { body: { survivorId, mergedIds, survivorship } }));

export interface MergeOrder {
  survivor: MergingCustomer;
  merged: MergingCustomer[];
  survivorship: Survivorship;
  choices: FieldChoice[];
}

export const mergeCustomers = (order: MergeOrder) => unwrap(client.POST("/v1/customerMerges", { body: order }));

export const listMerges = (pageToken?: string) => unwrap(client.GET("/v1/customerMerges", { params: { query: { pageToken, pageSize: 20 } } }));

export const undoMerge = (id: string) => unwrap(client.POST("/v1/customerMerges/{id}:undo", { params: { path: { id } }, body: {} }));
