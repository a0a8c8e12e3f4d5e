import { useState } from "react";
import { PlusOutlined, SearchOutlined } from "@ant-design/icons";
import { Button, Card, Flex, Input } from "antd";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useAccess } from "@/app/access";
import { PageHeader } from "@/shared/PageHeader";
import { usePhone } from "@/shared/usePhone";
import { useViews } from "../api";
import { useAttributes } from "../attributes";
import { FilterChips } from "../filter/FilterChips";
import { FilterButton } from "../filter/FilterButton";
import { FilterDrawer } from "../filter/FilterDrawer";
import { CustomerForm } from "../record/CustomerForm";
import { BulkBar } from "./BulkBar";
import { Board } from "./board/Board";
import { isBoardField } from "./board/columns";
import { CurrentBulkChange, RecentBulkChanges } from "./bulk/BulkChanges";
import { CustomerCalendar, isCalendarField } from "./calendar/CustomerCalendar";
import { ColumnChooser } from "./ColumnChooser";
import { standardColumns, useColumns } from "./columns";
import { ExportMenu } from "./ExportMenu";
import { LayoutSwitch } from "./LayoutSwitch";
import { ListResults, SearchResults } from "./results";
import { ShortcutHelp } from "./ShortcutHelp";
import { layoutNames, layoutOf, useListState } from "./state";
import { ViewMenu } from "./ViewMenu";

export function CustomerListPage() {
  const { t } = useTranslation();
  const { can } = useAccess();
  const phone = usePhone();
  const navigate = useNavigate();
  const attributes = useAttributes();
  const views = useViews();
  const { state, view, change } = useListState(views.data);
  const { paths, columns, choose } = useColumns(view, attributes, "changke.customers.columns", standardColumns);
  const [total, setTotal] = useState("");
  const [started, setStarted] = useState<string>();
  const [filtering, setFiltering] = useState(false);
  const [creating, setCreating] = useState(false);
  const [selected, setSelected] = useState<string[]>([]);
  const fields = { board: attributes.filter(isBoardField), calendar: attributes.filter(isCalendarField) };
  const by = state.layout === "table" ? undefined : (fields[state.layout].find(({ path }) => path === state.by) ?? fields[state.layout][0]);
  // A board or a calendar without a field to go by is a table.
  const layout = by ? state.layout : "table";
  const shown = { filter: state.filter, orderBy: state.orderBy, columns: paths, layout: layoutNames[layout], layoutField: by?.path ?? "" };
  const changed =
    view !== undefined &&
    (state.filter !== view.filter ||
      state.orderBy !== view.orderBy ||
      (view.columns.length > 0 && paths.join() !== view.columns.join()) ||
      layout !== layoutOf(view) ||
      (layout !== "table" && by?.path !== view.layoutField));
  // A view that the address names must be there before the list is asked for, or the wrong one would flash up.
  const ready = !state.viewId || !views.isPending;
  const changes = can("PERMISSION_CUSTOMERS_UPDATE");
  const selects = changes || can("PERMISSION_CUSTOMERS_ASSIGN") || can("PERMISSION_CUSTOMERS_CLAIM");
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
            <LayoutSwitch layout={layout} by={by} fields={fields} onChange={(next) => show({ ...next, query: "" })} />
            {changes && <RecentBulkChanges />}
            {!phone && <ShortcutHelp />}
            {!phone && <ColumnChooser attributes={attributes} chosen={paths} standard={standardColumns} pinned="name" onChange={choose} compact={false} />}
            {can("PERMISSION_CUSTOMERS_EXPORT") && <ExportMenu shown={shown} compact={phone} />}
          </Flex>
          {!state.query && <FilterChips filter={state.filter} attributes={attributes} onChange={(filter) => show({ filter })} />}
          {changes && <CurrentBulkChange started={started} onClose={() => setStarted(undefined)} />}
          {state.query ? (
            <SearchResults query={state.query} columns={columns} phone={phone} {...selection} />
          ) : (
            ready &&
            (layout === "board" && by ? (
              <Board key={`${by.path} ${state.filter}`} attribute={by} filter={state.filter} orderBy={state.orderBy} columns={columns} />
            ) : layout === "calendar" && by ? (
              <CustomerCalendar attribute={by} filter={state.filter} />
            ) : (
              <ListResults
                key={`${state.orderBy} ${state.filter}`}
                filter={state.filter}
                orderBy={state.orderBy}
                columns={columns}
                phone={phone}
                onOrder={(orderBy) => show({ orderBy })}
                onReset={() => show({ filter: "" })}
                onTotal={setTotal}
                {...selection}
              />
            ))
          )}
        </Flex>
      </Card>
      <BulkBar selected={selected} filter={state.query ? undefined : state.filter} total={total} onStarted={({ id }) => setStarted(id)} onDone={() => setSelected([])} onClear={() => setSelected([])} />
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

