import { QueryClient } from "@tanstack/react-query";
import { asProblem } from "@/api/problem";

/** Faults that a second try may cure: the network, an upstream that restarts. */
export function worthRetrying(failures: number, fault: unknown): boolean {
  const { status } = asProblem(fault);
  return failures < 2 && (status === 0 || status === 502 || status === 503 || status === 504);
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: { retry: worthRetrying, staleTime: 15_000, refetchOnWindowFocus: false },
    mutations: { retry: false },
  },
});
