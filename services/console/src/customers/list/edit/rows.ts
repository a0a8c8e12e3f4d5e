// One customer wherever lists, boards and searches hold it.
import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import type { Customer, CustomerMatch } from "@/api/types";
import { withRow } from "../../live/news";

type Pages = InfiniteData<{ customers: Customer[] }>;
type Found = InfiniteData<{ matches: CustomerMatch[] }>;

export function putRow(queries: QueryClient, customer: Customer): void {
  queries.setQueriesData<Pages>({ queryKey: ["customers"] }, (data) => (data?.pages ? { ...data, pages: withRow(data.pages, customer) } : data));
  queries.setQueriesData<Found>({ queryKey: ["search"] }, (data) => {
    if (!data?.pages) return data;
    const found = (match: CustomerMatch) => (match.customer?.id === customer.id ? { ...match, customer } : match);
    return { ...data, pages: data.pages.map((page) => ({ ...page, matches: page.matches.map(found) })) };
  });
  queries.setQueryData<Customer>(["customer", customer.id], (known) => known && { ...known, ...customer });
}
