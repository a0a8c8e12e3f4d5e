import type { Page } from "@/api/pages";

/** More than so many pages fill no calendar that anybody reads. */
const mostPages = 5;

/** Some pages of a list, and whether there are more. */
export async function gather<P extends Page, T>(load: (pageToken: string | undefined) => Promise<P>, items: (page: P) => T[]): Promise<{ items: T[]; cut: boolean }> {
  const all: T[] = [];
  let token: string | undefined;
  for (let count = 0; count < mostPages; count += 1) {
    const page = await load(token);
    all.push(...items(page));
    token = page.nextPageToken || undefined;
    if (!token) return { items: all, cut: false };
  }
  return { items: all, cut: true };
}
