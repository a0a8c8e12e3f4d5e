// What a list has heard of that can't change in place, until it is loaded again.
import type { Customer, CustomerUpdate } from "@/api/types";

export interface News {
  /** Customers that changed while they were not shown: they may be new. */
  changed: ReadonlySet<string>;
  removed: ReadonlySet<string>;
  /** More than can be told. */
  all: boolean;
}

export const noNews: News = { changed: new Set(), removed: new Set(), all: false };

/** Beyond this it does not matter how many. */
const most = 1_000;

export function heard(news: News, update: CustomerUpdate): News {
  if (news.all || update.resync || news.changed.size + news.removed.size >= most) return { ...noNews, all: true };
  const [changed, removed] = [new Set(news.changed), new Set(news.removed)];
  if (update.customer) {
    changed.add(update.customer.id);
    removed.delete(update.customer.id);
  } else if (update.removedId) {
    removed.add(update.removedId);
    changed.delete(update.removedId);
  }
  return { changed, removed, all: false };
}

/** How many of them the rows on the screen don't hold already. */
export function countNews({ changed, removed }: News, rows: { id: string }[]): number {
  const shown = new Set(rows.map((row) => row.id));
  return [...changed].filter((id) => !shown.has(id)).length + [...removed].filter((id) => shown.has(id)).length;
}

/** The pages with a row as it is now; the same pages when it is on none. */
export function withRow<P extends { customers: Customer[] }>(pages: P[], customer: Customer): P[] {
  if (!pages.some((page) => page.customers.some(({ id }) => id === customer.id))) return pages;
  return pages.map((page) => ({ ...page, customers: page.customers.map((row) => (row.id === customer.id ? customer : row)) }));
}
