// What the list shows, kept in the address so that it can be linked to, bookmarked and gone back to.
import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";
import type { View } from "@/api/types";

export type Layout = "table" | "board" | "calendar";

export interface ListState {
  filter: string;
  orderBy: string;
  query: string;
  viewId: string | undefined;
  layout: Layout;
  /** The field that a board or a calendar goes by. */
  by: string;
}

const layouts: Record<View["layout"], Layout> = { VIEW_LAYOUT_UNSPECIFIED: "table", VIEW_LAYOUT_TABLE: "table", VIEW_LAYOUT_BOARD: "board", VIEW_LAYOUT_CALENDAR: "calendar" };

export const layoutOf = (view: View | undefined): Layout => layouts[view?.layout ?? "VIEW_LAYOUT_TABLE"];

export const layoutNames = { table: "VIEW_LAYOUT_TABLE", board: "VIEW_LAYOUT_BOARD", calendar: "VIEW_LAYOUT_CALENDAR" } as const;

export function readState(search: URLSearchParams, views: readonly View[] | undefined): ListState {
  const viewId = search.get("view") ?? undefined;
  const view = views?.find((candidate) => candidate.id === viewId);
  const layout = search.get("layout");
  return {
    // The address overrides the view, so that a view can be tried with another filter before it's saved.
    filter: search.get("filter") ?? view?.filter ?? "",
    orderBy: search.get("order") ?? view?.orderBy ?? "",
    query: search.get("q") ?? "",
    viewId,
    layout: layout === "table" || layout === "board" || layout === "calendar" ? layout : layoutOf(view),
    by: search.get("by") ?? view?.layoutField ?? "",
  };
}

const names = ["view", "filter", "order", "q", "layout", "by"];

export function writeState(search: URLSearchParams, change: Partial<ListState>, view: View | undefined): URLSearchParams {
  const next = new URLSearchParams(search);
  if ("viewId" in change) {
    for (const name of names) next.delete(name);
    if (change.viewId) next.set("view", change.viewId);
  }
  const set = (name: string, value: string | undefined, base: string) => {
    if (value === undefined) return;
    if (value === base) next.delete(name);
    else next.set(name, value);
  };
  set("filter", change.filter, view?.filter ?? "");
  set("order", change.orderBy, view?.orderBy ?? "");
  set("q", change.query, "");
  set("layout", change.layout, layoutOf(view));
  set("by", change.by, view?.layoutField ?? "");
  return next;
}

export function useListState(views: readonly View[] | undefined) {
  const [search, setSearch] = useSearchParams();
  const state = useMemo(() => readState(search, views), [search, views]);
  const view = views?.find((candidate) => candidate.id === state.viewId);
  const change = useCallback(
    (next: Partial<ListState>) => setSearch((current) => writeState(current, next, view), { replace: !("viewId" in next) }),
    [setSearch, view],
  );
  return { state, view, change };
}
