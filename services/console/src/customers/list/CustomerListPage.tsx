import { useState } from "react";
import { PlusOutlined, ReloadOutlined, SearchOutlined } from "@ant-design/icons";
import { Button, Card, Flex, Input, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import type { Customer } from "@/api/types";
import { usePages } from "@/api/pages";
import { asProblem } from "@/api/problem";
import { useAccess } from "@/app/access";
import { FormFault } from "@/shared/FormFault";
import { LoadMore } from "@/shared/LoadMore";
import { PageHeader } from "@/shared/PageHeader";
import { Fault, LoadingCard, Nothing } from "@/shared/states";
import { useDebounced } from "@/shared/useDebounced";
import { usePhone } from "@/shared/usePhone";
import { listCustomers, searchCustomers, useViews } from "../api";
import { useAttributes, type Attribute } from "../attributes";
import { FilterChips } from "../filter/FilterChips";
import { FilterButton } from "../filter/FilterButton";
import { FilterDrawer } from "../filter/FilterDrawer";
import { CustomerForm } from "../record/CustomerForm";
import { BulkBar } from "./BulkBar";
import { ColumnChooser } from "./ColumnChooser";
import { useColumns } from "./columns";
import { CustomerCards } from "./CustomerCards";
import { CustomerTable } from "./CustomerTable";
import { ExportMenu } from "./ExportMenu";
import { useListState } from "./state";
import { useLiveRows } from "./useLiveRows";
import { ViewMenu } from "./ViewMenu";

export function CustomerListPage() {
  const { t } = useTranslation();
  const { can } = useAccess();
  const phone = usePhone();
  const navigate = useNavigate();
  const attributes = useAttributes();
  const views = useViews();
  const { state, view, change } = useListState(views.data);
  const { paths, columns, choose } = useColumns(view, attributes);
  const [filtering, setFiltering] = useState(false);
  const [creating, setCreating] = useState(false);
  const [selected, setSelected] = useState<string[]>([]);
  const shown = { filter: state.filter, orderBy: state.orderBy, columns: paths };
  const changed = view !== undefined && (state.filter !== view.filter || state.orderBy !== view.orderBy || (view.columns.length > 0 && paths.join() !== view.columns.join()));
  // A view that the address names must be there before the list is asked for, or the wrong one would flash up.
  const ready = !state.viewId || !views.isPending;
  const selects = can("PERMISSION_CUSTOMERS_ASSIGN") || can("PERMISSION_CUSTOMERS_CLAIM");
  const show = (next: Parameters<typeof change>[0]) => {
    setSelected([]);
    change(next);
  };
  const selection = selects ? { selected, onSelect: setSelected } : {};

  return (
    <>
      <PageHeader
        title={t("app.menu.customers")}
        actions={
          can("PERMISSION_CUSTOMERS_CREATE") && (
            <Button type="primary" icon={<PlusOutlined />} onClick={() => setCreating(true)} data-testid="create-customer">
              {t("customers.create")}
            </Button>
          )
        }
      />
      <Card styles={{ body: { padding: phone ? 12 : 16 } }}>
        <Flex vertical gap={12}>
          <Flex gap={8} wrap align="center">
            <ViewMenu views={views.data ?? []} current={view} shown={shown} changed={changed} onPick={(viewId) => show({ viewId })} />
            <FilterButton filter={state.filter} attributes={attributes} onClick={() => setFiltering(true)} />
            <ListSearch key={state.query} query={state.query} phone={phone} onSearch={(query) => show({ query })} />
            <div style={{ flex: 1 }} />
            {!phone && <ColumnChooser attributes={attributes} chosen={paths} onChange={choose} compact={false} />}
            {can("PERMISSION_CUSTOMERS_EXPORT") && <ExportMenu shown={shown} compact={phone} />}
          </Flex>
          {!state.query && <FilterChips filter={state.filter} attributes={attributes} onChange={(filter) => show({ filter })} />}
          {state.query ? (
            <SearchResults query={state.query} columns={columns} phone={phone} {...selection} />
          ) : (
            ready && <ListResults key={`${state.orderBy} ${state.filter}`} filter={state.filter} orderBy={state.orderBy} columns={columns} phone={phone} onOrder={(orderBy) => show({ orderBy })} onReset={() => show({ filter: "" })} {...selection} />
          )}
        </Flex>
      </Card>
      <BulkBar selected={selected} onDone={() => setSelected([])} onClear={() => setSelected([])} />
      <FilterDrawer open={filtering} filter={state.filter} attributes={attributes} onApply={(filter) => show({ filter, query: "" })} onClose={() => setFiltering(false)} />
      <CustomerForm customer={undefined} open={creating} onClose={() => setCreating(false)} onSaved={(customer) => void navigate(`/customers/${customer.id}`)} />
    </>
  );
}

function ListSearch({ query, phone, onSearch }: { query: string; phone: boolean; onSearch: (query: string) => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState(query);
  return (
    <Input
      allowClear
      prefix={<SearchOutlined />}
      value={text}
      placeholder={t("customers.search.placeholder")}
      aria-label={t("customers.search.inList")}
      maxLength={64}
      onChange={(event) => {
        setText(event.target.value);
        if (event.target.value === "" && query !== "") onSearch("");
      }}
      onPressEnter={() => onSearch(text.trim())}
      style={{ width: phone ? "100%" : 240, order: phone ? 1 : 0 }}
    />
  );
}

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
}

function ListResults({ filter, orderBy, onOrder, onReset, ...rest }: ListResultsProps) {
  const { t } = useTranslation();
  const key = ["customers", filter, orderBy];
  const query = usePages(key, (pageToken) =>
    // Counting once is enough; later pages don't change the sum.
    listCustomers({ filter: filter || undefined, orderBy: orderBy || undefined, pageToken, count: pageToken === undefined }),
  );
  const first = query.data?.pages[0];
  const rows = query.data?.pages.flatMap((page) => page.customers);
  // A filter that was refused for the list would be refused again.
  const news = useLiveRows(key, !rows && query.isError ? undefined : filter, rows ?? []);
  if (!rows && query.error && filter && asProblem(query.error).status === 400) return <RefusedFilter fault={query.error} onReset={onReset} />;
  if (!rows) return query.error ? <Fault fault={query.error} retry={() => void query.refetch()} /> : <LoadingCard />;
  const total = Number(first?.totalCount ?? 0).toLocaleString();
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
        <Results rows={rows} orderBy={orderBy} onOrder={onOrder} loading={query.isFetching && !query.isFetchingNextPage} {...rest} />
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

function SearchResults({ query: text, ...rest }: ResultsProps & { query: string }) {
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
}

function Results({ phone, ...rest }: RowsProps) {
  return phone ? <CustomerCards rows={rest.rows} columns={rest.columns} selected={rest.selected} onSelect={rest.onSelect} /> : <CustomerTable {...rest} />;
}
