import { useQueryClient } from "@tanstack/react-query";
import { client, unwrap } from "@/api/client";
import type { FeedbackKindInput, FeedbackState } from "@/api/types";

export const createFeedback = (feedback: { kind: FeedbackKindInput; text: string; page: string }) => unwrap(client.POST("/v1/feedback", { body: feedback }));

export const listOwnFeedback = (pageToken?: string) => unwrap(client.GET("/v1/profile/feedback", { params: { query: { pageSize: 20, pageToken } } }));

export const listFeedback = (state: FeedbackState | undefined, pageToken?: string) =>
  unwrap(client.GET("/v1/feedback", { params: { query: { state, pageSize: 50, pageToken } } }));

export const answerFeedback = (id: string, answer: string, etag: string) =>
  unwrap(client.POST("/v1/feedback/{id}:answer", { params: { path: { id } }, body: { answer, etag } }));

export const closeFeedback = (id: string, etag: string) => unwrap(client.POST("/v1/feedback/{id}:close", { params: { path: { id } }, body: { etag } }));

export function useFeedbackChanged() {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: ["feedback"] });
}
