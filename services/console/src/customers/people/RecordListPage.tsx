// A list of what belongs to customers, over all of them: filter, views, columns and order as in the list of customers itself.
import { useCallback, useMemo, useState, type ReactNode } from "react";
import { Button, Card, Flex, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { usePages, type Page } from "@/api/pages";
import { asProblem } from "@/api/problem";
import type { Contact, Interaction, RecordKind } from "@/api/types";
import { FormFault } from "@/shared/FormFault";
import { Grid, type GridColumn } from "@/shared/grid/Grid";
import { LoadMore } from "@/shared/LoadMore";
import { PageHeader } from "@/shared/PageHeader";
import { Fault, LoadingCard, Nothing } from "@/shared/states";
import { Time } from "@/shared/Time";
import { usePhone } from "@/shared/usePhone";
import { useViews } from "../api";
import { PlainAttributeValue } from "../AttributeValue";
import type { Attribute } from "../attributes";
import { FilterButton } from "../filter/FilterButton";
import { FilterChips } from "../filter/FilterChips";
import { FilterDrawer } from "../filter/FilterDrawer";
import { ColumnChooser } from "../list/ColumnChooser";
import { useColumns } from "../list/columns";
import { LayoutSwitch } from "../list/LayoutSwitch";
import { ShortcutHelp } from "../list/ShortcutHelp";
import { layoutNames, layoutOf, useListState } from "../list/state";
import { ViewMenu } from "../list/ViewMenu";
import { recordValue } from "./attributes";

type Listed = Contact | Interaction;

interface RecordListPageProps<R extends Listed> {
  kind: RecordKind;
  name: "contacts" | "interactions";
  attributes: Attribute[];
  /** Must be the same at every call. */
  standard: readonly string[];
  /** The column that leads to the customer. */
  lead: string;
  load: (query: { filter?: string; orderBy?: string; pageSize: number; pageToken?: string }) => Promise<{ rows: R[] } & Page>;
  /** What the list looks like by the days of a field. */
  calendar?: { fields: Attribute[]; render: (by: Attribute, filter: string) => ReactNode };
}

export function RecordListPage<R extends Listed>({ kind, name, attributes, standard, lead, load, calendar }: RecordListPageProps<R>) {
  const { t } = useTranslation();
  const phone = usePhone();
  const views = useViews(kind);
  const { state, view, change } = useListState(views.data);
  const { paths, columns, choose } = useColumns(view, attributes, `changke.${name}.columns`, standard);
  const [filtering, setFiltering] = useState(false);
  const fields = { board: [], calendar: calendar?.fields ?? [] };
  const by = state.layout === "calendar" ? (fields.calendar.find(({ path }) => path === state.by) ?? fields.calendar[0]) : undefined;
  const layout = by ? "calendar" : "table";
  const shown = { filter: state.filter, orderBy: state.orderBy, columns: paths, layout: layoutNames[layout], layoutField: by?.path ?? "" };
  const changed =
    view !== undefined &&
    (state.filter !== view.filter ||
      state.orderBy !== view.orderBy ||
      (view.columns.length > 0 && paths.join() !== view.columns.join()) ||
      layout !== layoutOf(view) ||
      (by !== undefined && by.path !== view.layoutField));
  const ready = !state.viewId || !views.isPending;
  return (
    <>
      <PageHeader title={t(`app.menu.${name}`)} subtitle={t(`lists.${name}.total`)} />
      <Card styles={{ body: { padding: phone ? 12 : 16 } }}>
        <Flex vertical gap={12}>
          <Flex gap={8} wrap align="center">
            <ViewMenu views={views.data ?? []} current={view} shown={shown} changed={changed} onPick={(viewId) => change({ viewId })} recordKind={kind} allText={t(`lists.${name}.all`)} />
            <FilterButton filter={state.filter} attributes={attributes} onClick={() => setFiltering(true)} />
            <div style={{ flex: 1 }} />
            {calendar && <LayoutSwitch layout={layout} by={by} fields={fields} onChange={change} />}
            {!phone && <ShortcutHelp />}
            {!phone && <ColumnChooser attributes={attributes} chosen={paths} standard={standard} pinned={lead} onChange={choose} compact={false} />}
          </Flex>
          <FilterChips filter={state.filter} attributes={attributes} onChange={(filter) => change({ filter })} />
          {ready &&
            (by && calendar ? (
              calendar.render(by, state.filter)
            ) : (
              <Records
                key={`${state.orderBy} ${state.filter}`}
                name={name}
                filter={state.filter}
                orderBy={state.orderBy}
                columns={columns}
                lead={lead}
                load={load}
                onOrder={(orderBy) => change({ orderBy })}
                onReset={() => change({ filter: "" })}
              />
            ))}
        </Flex>
      </Card>
      <FilterDrawer open={filtering} filter={state.filter} attributes={attributes} onApply={(filter) => change({ filter })} onClose={() => setFiltering(false)} />
    </>
  );
}

interface RecordsProps<R extends Listed> extends Pick<RecordListPageProps<R>, "name" | "lead" | "load"> {
  filter: string;
  orderBy: string;
  columns: Attribute[];
  onOrder: (orderBy: string) => void;
  onReset: () => void;
}

const widths: Partial<Record<Attribute["kind"], number>> = { timestamp: 110, date: 110, boolean: 100, enum: 110, longText: 260, satisfaction: 130 };
const pathWidths: Record<string, number> = { subject: 260, customer_name: 220, name: 150, email: 190, phone: 130 };

function Records<R extends Listed>({ name, filter, orderBy, columns, lead, load, onOrder, onReset }: RecordsProps<R>) {
  const { t } = useTranslation();
  const phone = usePhone();
  const navigate = useNavigate();
  const query = usePages([name, "list", filter, orderBy], (pageToken) => load({ filter: filter || undefined, orderBy: orderBy || undefined, pageSize: pageToken ? 200 : 50, pageToken }));
  const pages = query.data?.pages;
  const rows = useMemo(() => pages?.flatMap((page) => page.rows), [pages]);
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage && !isFetchNextPageError) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage]);
  if (!rows && query.error && filter && asProblem(query.error).status === 400) {
    return (
      <Flex vertical gap={12} align="flex-start">
        <FormFault fault={query.error} />
        <Button onClick={onReset}>{t("customers.filter.clear")}</Button>
      </Flex>
    );
  }
  if (!rows) return query.error ? <Fault fault={query.error} retry={() => void query.refetch()} /> : <LoadingCard />;
  if (rows.length === 0) {
    return <Nothing text={t(filter ? `lists.${name}.noMatches` : `lists.${name}.empty`)}>{filter && <Button onClick={onReset}>{t("customers.filter.clear")}</Button>}</Nothing>;
  }
  const path = (record: R) => `/customers/${record.customerId}`;
  const value = (record: R, attribute: Attribute) => <PlainAttributeValue attribute={attribute} value={recordValue(record, attribute)} />;
  const gridColumns = columns.map(
    (attribute): GridColumn<R> => ({
      key: attribute.path,
      title: attribute.label,
      width: pathWidths[attribute.path] ?? widths[attribute.kind] ?? 140,
      cut: attribute.path !== lead,
      fixed: attribute.path === lead,
      sortable: attribute.sortable,
      render: (record) => {
        if (attribute.path === lead) return <Lead to={path(record)} text={String(recordValue(record, attribute) ?? "")} />;
        return attribute.kind === "timestamp" && name === "contacts" ? <Time value={recordValue(record, attribute) as string | undefined} as="date" /> : value(record, attribute);
      },
    }),
  );
  return (
    <>
      {phone ? (
        <Flex vertical gap={8} data-testid={name}>
          {rows.map((record) => (
            <Card key={record.id} size="small">
              {columns.slice(0, 7).map((attribute) =>
                attribute.path === lead ? (
                  <Link key={attribute.path} to={path(record)} style={{ fontWeight: 600 }}>
                    {String(recordValue(record, attribute) ?? "")}
                  </Link>
                ) : recordValue(record, attribute) ? (
                  <Flex key={attribute.path} gap={8} style={{ fontSize: 13 }}>
                    <Typography.Text type="secondary" style={{ flex: "0 0 84px", fontSize: 13 }}>
                      {attribute.label}
                    </Typography.Text>
                    {value(record, attribute)}
                  </Flex>
                ) : null,
              )}
            </Card>
          ))}
        </Flex>
      ) : (
        <Grid<R>
          rows={rows}
          columns={gridColumns}
          orderBy={orderBy}
          onOrder={onOrder}
          loading={query.isFetching && !query.isFetchingNextPage}
          onOpen={(record) => void navigate(path(record))}
          onMore={rows.length > 50 ? more : undefined}
          testId={name}
        />
      )}
      <LoadMore query={query} />
    </>
  );
}

function Lead({ to, text }: { to: string; text: string }) {
  return (
    <Link to={to} className="one-line" style={{ fontWeight: 500, display: "block" }} title={text}>
      {text}
    </Link>
  );
}
