import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { client, unwrap } from "@/api/client";
import type { ReportDimension } from "@/api/types";

export interface CompositionChoice {
  dimension: ReportDimension;
  series?: ReportDimension;
  asOf?: string;
  regionLevel?: number;
  filter?: string;
}

const followEvery = 2000;

export function useComposition(choice: CompositionChoice) {
  return useQuery({
    queryKey: ["composition", choice],
    queryFn: () =>
      unwrap(
        client.GET("/v1/reports/composition", {
          params: { query: { ...choice, timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone || undefined } },
        }),
      ),
    placeholderData: (previous) => previous,
    // While events are being counted in the figures follow by themselves.
    refetchInterval: ({ state }) => (Number(state.data?.feed?.pendingEventCount ?? 0) > 0 || state.data?.feed?.rebuilding ? followEvery : false),
  });
}

export function useRebuild() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => unwrap(client.POST("/v1/reports:rebuild", { body: {} })),
    onSettled: () => queries.invalidateQueries({ queryKey: ["composition"] }),
  });
}
