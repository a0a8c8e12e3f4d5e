import { useQuery } from "@tanstack/react-query";
import { client, unwrap } from "@/api/client";
import { allPages } from "@/api/pages";
import type { GradeRules, GradeScheme, GradeSchemeInput } from "@/api/types";

export function useGradeSchemes() {
  return useQuery({
    queryKey: ["gradeSchemes"],
    queryFn: () =>
      allPages(
        (pageToken) => unwrap(client.GET("/v1/gradeSchemes", { params: { query: { pageSize: 200, pageToken } } })),
        (page) => page.gradeSchemes,
      ),
    // Follows a run until it is over.
    refetchInterval: ({ state }) => (state.data?.some(({ run }) => run?.state === "RULE_RUN_STATE_RUNNING") ? 1000 : false),
  });
}

export const createGradeScheme = (scheme: GradeSchemeInput) => unwrap(client.POST("/v1/gradeSchemes", { body: scheme }));

export const saveDraft = ({ code, etag }: GradeScheme, draft: GradeRules) =>
  unwrap(client.PATCH("/v1/gradeSchemes/{code}", { params: { path: { code }, query: { updateMask: "draft" } }, body: { draft, etag } }));

export const previewDraft = (code: string, draft: GradeRules) =>
  unwrap(client.POST("/v1/gradeSchemes/{code}:preview", { params: { path: { code } }, body: { draft } }));

export const publishDraft = ({ code, etag }: GradeScheme) =>
  unwrap(client.POST("/v1/gradeSchemes/{code}:publish", { params: { path: { code } }, body: { etag } }));

export function useGradeMatrix(rowScheme: string, columnScheme: string) {
  return useQuery({
    queryKey: ["customers", "gradeMatrix", rowScheme, columnScheme],
    queryFn: () => unwrap(client.GET("/v1/gradeMatrix", { params: { query: { rowScheme, columnScheme } } })),
  });
}

export function useCustomerGrades(customerId: string, etag: string) {
  return useQuery({
    queryKey: ["grades", customerId, etag],
    queryFn: () =>
      allPages(
        (pageToken) => unwrap(client.GET("/v1/customers/{customerId}/grades", { params: { path: { customerId }, query: { pageSize: 200, pageToken } } })),
        (page) => page.grades,
      ),
  });
}

export const listGradeChanges = (customerId: string, pageToken?: string) =>
  unwrap(client.GET("/v1/customers/{customerId}/gradeChanges", { params: { path: { customerId }, query: { pageToken, pageSize: 10 } } }));

export interface GradeChoice {
  code: string;
  reason: string;
  expireTime?: string;
}

export const setGrade = (customerId: string, scheme: string, body: GradeChoice) =>
  unwrap(client.POST("/v1/customers/{customerId}/grades/{scheme}:set", { params: { path: { customerId, scheme } }, body }));

export const releaseGrade = (customerId: string, scheme: string, reason: string) =>
  unwrap(client.POST("/v1/customers/{customerId}/grades/{scheme}:release", { params: { path: { customerId, scheme } }, body: { reason } }));
