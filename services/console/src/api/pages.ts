// Keyset pages: as an endless list for screens, or gathered whole for small sets such as roles and dictionaries.
import { useInfiniteQuery, type QueryKey } from "@tanstack/react-query";

export interface Page {
  nextPageToken?: string;
}

export function usePages<P extends Page>(key: QueryKey, load: (pageToken: string | undefined) => Promise<P>, enabled = true) {
  return useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => load(pageParam || undefined),
    initialPageParam: "",
    getNextPageParam: (last) => last.nextPageToken || undefined,
    enabled,
  });
}

const mostPages = 50;

export async function allPages<P extends Page, T>(load: (pageToken: string | undefined) => Promise<P>, items: (page: P) => T[]) {
  const all: T[] = [];
  let token: string | undefined;
  for (let count = 0; count < mostPages; count += 1) {
    const page = await load(token);
    all.push(...items(page));
    token = page.nextPageToken || undefined;
    if (!token) break;
  }
  return all;
}
