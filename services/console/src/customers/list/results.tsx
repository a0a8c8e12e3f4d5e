// What the list finds: by its filter, page after page, or by a search.
import { useCallback, useEffect, useMemo } from "react";
import { ReloadOutlined } from "@ant-design/icons";
import { Button, Flex, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { usePages } from "@/api/pages";
import { asProblem } from "@/api/problem";
import type { Customer } from "@/api/types";
import { FormFault } from "@/shared/FormFault";
import { LoadMore } from "@/shared/LoadMore";
import { Fault, LoadingCard, Nothing } from "@/shared/states";
import { useDebounced } from "@/shared/useDebounced";
import { listCustomers, searchCustomers } from "../api";
import type { Attribute } from "../attributes";
import { CustomerCards } from "./CustomerCards";
import { CustomerTable } from "./CustomerTable";
import { useCellEdits } from "./edit/useCellEdits";
import { useLiveRows } from "./useLiveRows";

interface ResultsProps {
  columns: Attribute[];
  phone: boolean;
  selected?: string[];
  onSelect?: (ids: string[]) => void;
}

interface ListResultsProps extends ResultsProps {
  filter: string;
  orderBy: string;
  onOrder: (orderBy: string) => void;
  onReset: () => void;
  /** How many there are, in words. */
  onTotal: (total: string) => void;
}

/** The first page is there soon; the next ones are for who scrolls far. */
const [firstPage, nextPages] = [50, 200];
/** From here on pages come before they are seen; until then the end of the list asks for the next. */
const farDown = 50;

export function ListResults({ filter, orderBy, onOrder, onReset, onTotal, ...rest }: ListResultsProps) {
  const { t } = useTranslation();
  const key = ["customers", filter, orderBy];
  const query = usePages(key, (pageToken) =>
    // Counting once is enough; later pages don't change the sum.
    listCustomers({ filter: filter || undefined, orderBy: orderBy || undefined, pageToken, count: pageToken === undefined, pageSize: pageToken === undefined ? firstPage : nextPages }),
  );
  const first = query.data?.pages[0];
  const pages = query.data?.pages;
  const rows = useMemo(() => pages?.flatMap((page) => page.customers), [pages]);
  // A filter that was refused for the list would be refused again.
  const news = useLiveRows(key, !rows && query.isError ? undefined : filter, rows ?? []);
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage && !isFetchNextPageError) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage]);
  const total = Number(first?.totalCount ?? 0).toLocaleString();
  useEffect(() => onTotal(total), [onTotal, total]);
  if (!rows && query.error && filter && asProblem(query.error).status === 400) return <RefusedFilter fault={query.error} onReset={onReset} />;
  if (!rows) return query.error ? <Fault fault={query.error} retry={() => void query.refetch()} /> : <LoadingCard />;
  const count = first?.totalEstimated ? t("customers.list.about", { total }) : t("customers.list.total", { total });
  return (
    <>
      <Flex gap={8} align="center" wrap>
        <Typography.Text type="secondary" role="status" data-testid="total">
          {count}
        </Typography.Text>
        <span role="status">
          {(news.all || news.count > 0) && (
            <Button type="link" size="small" icon={<ReloadOutlined />} onClick={news.reload} data-testid="news">
              {news.all ? t("customers.list.outdated") : t("customers.list.news", { count: news.count })}
            </Button>
          )}
        </span>
      </Flex>
      {rows.length === 0 ? (
        <Nothing text={t(filter ? "customers.list.noMatches" : "customers.list.empty")}>{filter && <Button onClick={onReset}>{t("customers.filter.clear")}</Button>}</Nothing>
      ) : (
        <Results rows={rows} orderBy={orderBy} onOrder={onOrder} loading={query.isFetching && !query.isFetchingNextPage} onMore={rows.length >= firstPage && rows.length > farDown ? more : undefined} {...rest} />
      )}
      <LoadMore query={query} />
    </>
  );
}

/** Asking again would be refused again; another filter would not. */
function RefusedFilter({ fault, onReset }: { fault: unknown; onReset: () => void }) {
  const { t } = useTranslation();
  return (
    <Flex vertical gap={12} align="flex-start">
      <FormFault fault={fault} />
      <Button onClick={onReset}>{t("customers.filter.clear")}</Button>
    </Flex>
  );
}

export function SearchResults({ query: text, ...rest }: ResultsProps & { query: string }) {
  const { t } = useTranslation();
  const settled = useDebounced(text, 150);
  const query = usePages(["search", settled, "pages"], (pageToken) => searchCustomers(settled, pageToken, 50));
  const matches = query.data?.pages.flatMap((page) => page.matches);
  if (!matches) return query.error ? <Fault fault={query.error} retry={() => void query.refetch()} /> : <LoadingCard />;
  const rows = matches.flatMap((match) => match.customer ?? []);
  const foundBy = new Map(matches.map((match) => [match.customer?.id ?? "", match.contactName && t("customers.search.through", { name: match.contactName })]));
  return (
    <>
      <Typography.Text type="secondary" role="status">
        {t("customers.search.resultsFor", { query: text })}
      </Typography.Text>
      {rows.length === 0 ? <Nothing text={t("customers.search.nothing", { query: text })} /> : <Results rows={rows} orderBy="" loading={false} foundBy={foundBy} {...rest} />}
      <LoadMore query={query} />
    </>
  );
}

interface RowsProps extends ResultsProps {
  rows: Customer[];
  orderBy: string;
  onOrder?: (orderBy: string) => void;
  loading: boolean;
  foundBy?: Map<string, string>;
  onMore?: () => void;
}

function Results({ phone, ...rest }: RowsProps) {
  const edits = useCellEdits(rest.rows, rest.columns);
  return phone ? <CustomerCards rows={rest.rows} columns={rest.columns} selected={rest.selected} onSelect={rest.onSelect} /> : <CustomerTable {...rest} edits={edits} />;
}
