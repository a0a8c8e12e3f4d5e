// A list that follows what others do: rows on the screen change in place, and what would move rows waits for a click.
import { useState } from "react";
import { useQueryClient, type InfiniteData, type QueryKey } from "@tanstack/react-query";
import type { Customer } from "@/api/types";
import { countNews, heard, noNews, withRow } from "../live/news";
import { isFresh } from "../live/fresh";
import { useLiveCustomers } from "../live/useLiveCustomers";

type Pages = InfiniteData<{ customers: Customer[] }>;

export function useLiveRows(key: QueryKey, filter: string | undefined, rows: Customer[]) {
  const queries = useQueryClient();
  const [news, setNews] = useState(noNews);
  const reload = () => {
    setNews(noNews);
    void queries.invalidateQueries({ queryKey: key, exact: true });
  };
  useLiveCustomers(filter, {
    onBegin: () => {
      if (!isFresh(queries.getQueryState(key))) reload();
    },
    onUpdate: (update) => {
      const { customer } = update;
      if (customer) queries.setQueryData<Pages>(key, (data) => data && { ...data, pages: withRow(data.pages, customer) });
      setNews((before) => heard(before, update));
    },
  });
  return { count: countNews(news, rows), all: news.all, reload };
}
