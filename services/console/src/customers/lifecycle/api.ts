import { useQuery, useQueryClient } from "@tanstack/react-query";
import { client, unwrap } from "@/api/client";
import { allPages } from "@/api/pages";
import type { ChurnCase, ChurnRule, ChurnRuleInput, CustomerStageInput } from "@/api/types";

export const openCases = "state = (WARNED OR REPRIEVED)";

export const listChurnCases = (filter: string, pageToken?: string, pageSize = 50) =>
  unwrap(client.GET("/v1/churnCases", { params: { query: { filter, pageToken, pageSize } } }));

export function useChurnSteps(caseId: string, etag: string) {
  return useQuery({
    queryKey: ["churn", "steps", caseId, etag],
    queryFn: () =>
      allPages(
        (pageToken) => unwrap(client.GET("/v1/churnCases/{caseId}/steps", { params: { path: { caseId }, query: { pageToken, pageSize: 200 } } })),
        (page) => page.steps,
      ),
  });
}

export const openChurnCase = (customerId: string, body: { cause: string; ownerId: string; dueDate: string }) =>
  unwrap(client.POST("/v1/customers/{customerId}/churnCases", { params: { path: { customerId } }, body }));

export const reprieveCase = ({ id, etag }: ChurnCase, body: { measures: string; ownerId: string; dueDate: string }) =>
  unwrap(client.POST("/v1/churnCases/{id}:reprieve", { params: { path: { id } }, body: { ...body, etag } }));

export const confirmCase = ({ id, etag }: ChurnCase, lossCode: string, note: string) =>
  unwrap(client.POST("/v1/churnCases/{id}:confirm", { params: { path: { id } }, body: { lossCode, note, etag } }));

export const saveCase = ({ id, etag }: ChurnCase, note: string) =>
  unwrap(client.POST("/v1/churnCases/{id}:save", { params: { path: { id } }, body: { note, etag } }));

export const moveStage = (id: string, stage: CustomerStageInput, reason: string) =>
  unwrap(client.POST("/v1/customers/{id}:moveStage", { params: { path: { id } }, body: { stage, reason } }));

export const listStageChanges = (customerId: string, pageToken?: string) =>
  unwrap(client.GET("/v1/customers/{customerId}/stageChanges", { params: { path: { customerId }, query: { pageToken, pageSize: 10 } } }));

export function useChurnRules(enabled: boolean) {
  return useQuery({
    queryKey: ["churn", "rules"],
    queryFn: () =>
      allPages(
        (pageToken) => unwrap(client.GET("/v1/churnRules", { params: { query: { pageToken, pageSize: 200 } } })),
        (page) => page.churnRules,
      ),
    enabled,
  });
}

export const saveChurnRule = (rule: ChurnRule | undefined, values: ChurnRuleInput) =>
  rule
    ? unwrap(client.PATCH("/v1/churnRules/{id}", { params: { path: { id: rule.id } }, body: { ...values, etag: rule.etag } }))
    : unwrap(client.POST("/v1/churnRules", { body: values }));

export const deleteChurnRule = ({ id, etag }: ChurnRule) => unwrap(client.DELETE("/v1/churnRules/{id}", { params: { path: { id }, query: { etag } } }));

export const previewChurnRule = (churnRule: ChurnRuleInput) => unwrap(client.POST("/v1/churnRules:preview", { body: { churnRule } }));

/** A step shows in worklists, on the customer's page and in lists of customers. */
export function useChurnChanged() {
  const queries = useQueryClient();
  return () => Promise.all(["churn", "customer", "customers"].map((key) => queries.invalidateQueries({ queryKey: [key] })));
}
