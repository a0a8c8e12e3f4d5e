// A table that is as long as it likes: rows beyond the screen leave the document, pages come ahead of the eye, and every cell
// is reached, edited and selected from by keyboard.
import { createContext, use, useEffect, useMemo, useRef, useState, type ComponentProps, type KeyboardEvent, type ReactNode } from "react";
import { Checkbox, Table, type TableColumnsType, type TableProps } from "antd";
import { useTranslation } from "react-i18next";
import { orderText, parseOrder, sortOrderOf } from "../order";
import { placeAfter, toggled, withRange, type Place } from "./keys";
import { rowHeight, useWindow } from "./useWindow";
import { wantsMore, whole } from "./window";
import "./grid.css";

export interface GridColumn<R> {
  key: string;
  title: string;
  width: number;
  cut?: boolean;
  fixed?: boolean;
  sortable?: boolean;
  render: (row: R) => ReactNode;
}

/** How a grid's cells are changed in place. */
export interface GridEdits<R> {
  may: (row: R, key: string) => boolean;
  /** `leave` closes the editor and goes to the next cell that may be edited in its direction. */
  editor: (row: R, key: string, leave: (direction?: 1 | -1) => void) => ReactNode;
  /** What was refused of a cell's last change. */
  fault: (row: R, key: string) => ReactNode;
  undo: () => void;
}

interface GridProps<R> {
  rows: R[];
  columns: GridColumn<R>[];
  orderBy?: string;
  onOrder?: (orderBy: string) => void;
  selected?: string[];
  onSelect?: (ids: string[]) => void;
  loading: boolean;
  onOpen: (row: R) => void;
  edits?: GridEdits<R>;
  rowActions?: (row: R) => ReactNode;
  /** Asked for as the end comes near. */
  onMore?: () => void;
  /** Rows that may be of several lines are all kept in the document. */
  uneven?: boolean;
  testId: string;
}

const selectionWidth = 48;
const actionsWidth = 90;

const Spacers = createContext({ before: 0, after: 0, columns: 1 });

/** The rows with the room that those before and behind them take. */
function Body({ children, ...rest }: ComponentProps<"tbody">) {
  const { before, after, columns } = use(Spacers);
  const spacer = (height: number) =>
    height > 0 && (
      <tr aria-hidden className="grid-spacer">
        <td colSpan={columns} style={{ height }} />
      </tr>
    );
  return (
    <tbody {...rest}>
      {spacer(before)}
      {children}
      {spacer(after)}
    </tbody>
  );
}

const components = { body: { wrapper: Body } };

/** By which a cell is found again. */
const marks = ({ row, column }: Place): object => ({ "data-row": row, "data-column": column });

/** Links, buttons and inputs within a cell keep the keys and clicks that are theirs. */
const isOwn = (target: HTMLElement) => target.closest("a, button, input, textarea, [role=combobox], .ant-table-selection-column, .grid-editing") !== null;

export function Grid<R extends { id: string }>(props: GridProps<R>) {
  const { rows, columns, orderBy = "", onOrder, selected = [], onSelect, loading, onOpen, edits, rowActions, onMore, uneven = false, testId } = props;
  const { t } = useTranslation();
  const frame = useRef<HTMLDivElement>(null);
  const seen = useWindow(frame, rows.length);
  const range = uneven ? { first: 0, last: rows.length } : seen;
  const shown = rows.slice(range.first, range.last);
  const [editing, setEditing] = useState<{ id: string; key: string }>();
  // A cell that the keyboard goes to may have to be drawn first.
  const wanted = useRef<Place>(undefined);
  const anchor = useRef<{ row: number; before: string[] }>(undefined);
  const chosen = useMemo(() => new Set(selected), [selected]);

  const more = onMore !== undefined && wantsMore(range, rows.length);
  useEffect(() => {
    if (more) onMore?.();
  }, [more, onMore, rows.length]);

  const cellAt = ({ row, column }: Place) => frame.current?.querySelector<HTMLElement>(`td[data-row="${row}"][data-column="${column}"]`);
  const reach = (place: Place) => {
    const cell = cellAt(place);
    wanted.current = cell ? undefined : place;
    if (cell) {
      cell.focus({ preventScroll: true });
      cell.scrollIntoView({ block: "nearest", inline: "nearest" });
      return;
    }
    const body = frame.current?.querySelector("tbody");
    if (body) window.scrollTo({ top: window.scrollY + body.getBoundingClientRect().top + place.row * rowHeight - window.innerHeight / 2 });
  };
  useEffect(() => {
    const cell = wanted.current && cellAt(wanted.current);
    if (!cell) return;
    wanted.current = undefined;
    cell.focus({ preventScroll: true });
  });

  const placeOf = (target: EventTarget): Place | undefined => {
    const cell = (target as HTMLElement).closest<HTMLElement>("td[data-row]");
    return cell ? { row: Number(cell.dataset.row), column: Number(cell.dataset.column) } : undefined;
  };
  const begin = ({ row, column }: Place): boolean => {
    const [record, key] = [rows[row], columns[column]?.key];
    if (!record || !key || !edits?.may(record, key)) return false;
    setEditing({ id: record.id, key });
    return true;
  };
  const leave = (place: Place) => (direction?: 1 | -1) => {
    setEditing(undefined);
    for (let column = place.column + (direction ?? 0); direction && column >= 0 && column < columns.length; column += direction) {
      if (begin({ row: place.row, column })) return;
    }
    wanted.current = place;
  };

  const select = (place: Place, extend: boolean) => {
    const record = rows[place.row];
    if (!onSelect || !record) return;
    if (!extend) {
      anchor.current = { row: place.row, before: selected.filter((id) => id !== record.id) };
      return onSelect(toggled(selected, record.id));
    }
    anchor.current ??= { row: place.row, before: selected };
    onSelect(withRange(anchor.current.before, rows.map(({ id }) => id), anchor.current.row, place.row));
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const place = placeOf(event.target);
    const target = event.target as HTMLElement;
    if (!place || target.closest(".grid-editing")) return;
    const page = Math.max(1, Math.floor((window.innerHeight - 160) / rowHeight));
    const next = event.ctrlKey || event.metaKey || event.altKey ? undefined : placeAfter(event.key, place, { rows: rows.length, columns: columns.length, page });
    if (next) {
      event.preventDefault();
      if (event.shiftKey && next.row !== place.row && onSelect) {
        anchor.current ??= { row: place.row, before: selected };
        select(next, true);
      } else if (!event.shiftKey) {
        anchor.current = undefined;
      }
      return reach(next);
    }
    if (target.tagName !== "TD") return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a" && onSelect) {
      event.preventDefault();
      onSelect(rows.map(({ id }) => id));
    } else if (event.key === " ") {
      event.preventDefault();
      select(place, event.shiftKey);
    } else if (event.key === "F2") {
      event.preventDefault();
      begin(place);
    } else if (event.key === "Enter") {
      event.preventDefault();
      const record = rows[place.row];
      if (!begin(place) && record) onOpen(record);
    } else if (event.key === "Escape" && selected.length > 0) {
      onSelect?.([]);
    }
  };

  const isEditing = (row: R, key: string) => editing?.id === row.id && editing.key === key;
  const orders = parseOrder(orderBy);
  const tableColumns: TableColumnsType<R> = columns.map((column, place) => ({
    key: column.key,
    title: column.title,
    width: column.width,
    ellipsis: column.cut,
    fixed: column.fixed ? "start" : undefined,
    sorter: Boolean(onOrder) && column.sortable,
    sortOrder: sortOrderOf(orders, column.key),
    onCell: (row, index = 0) => ({
      tabIndex: -1,
      ...marks({ row: range.first + index, column: place }),
      className: [edits?.may(row, column.key) && "grid-editable", isEditing(row, column.key) && "grid-editing", edits?.fault(row, column.key) && "grid-refused"].filter(Boolean).join(" "),
    }),
    render: (_, row, index) =>
      isEditing(row, column.key) ? (
        edits?.editor(row, column.key, leave({ row: range.first + index, column: place }))
      ) : (
        <>
          {column.render(row)}
          {edits?.fault(row, column.key)}
        </>
      ),
  }));
  if (rowActions) tableColumns.push({ key: "actions", title: "", width: actionsWidth, fixed: "end", render: (_, row) => rowActions(row) });

  const onChange: TableProps<R>["onChange"] = (_pages, _filters, sorter) => {
    const sorters = [sorter].flat().filter(({ order }) => order);
    onOrder?.(orderText(sorters.map(({ columnKey, order }) => ({ path: String(columnKey), descending: order === "descend" }))));
  };
  const all = rows.length > 0 && rows.every(({ id }) => chosen.has(id));
  const spacers = {
    before: range.first * rowHeight,
    after: (rows.length - range.last) * rowHeight,
    columns: tableColumns.length + (onSelect ? 1 : 0),
  };
  return (
    <Spacers value={spacers}>
      <div ref={frame} onKeyDown={onKeyDown} className={!uneven && rows.length > whole ? "grid grid-windowed" : "grid"}>
        <Table<R>
          rowKey="id"
          size="middle"
          columns={tableColumns}
          components={components}
          dataSource={shown}
          loading={loading}
          pagination={false}
          sticky={{ offsetHeader: 56 }}
          scroll={{ x: tableColumns.reduce((sum, column) => sum + Number(column.width ?? 0), onSelect ? selectionWidth : 0) }}
          onChange={onChange}
          showSorterTooltip={false}
          rowSelection={
            onSelect && {
              selectedRowKeys: selected,
              preserveSelectedRowKeys: true,
              onChange: (keys) => onSelect(keys.map(String)),
              columnTitle: (
                <Checkbox checked={all} indeterminate={!all && selected.length > 0} onChange={() => onSelect(all ? [] : rows.map(({ id }) => id))} aria-label={t("lists.grid.selectAll")} />
              ),
              columnWidth: selectionWidth,
              fixed: true,
            }
          }
          rowClassName="row-link"
          onRow={(row, index = 0) => ({
            "aria-rowindex": range.first + index + 2,
            onClick: (event) => {
              const target = event.target as HTMLElement;
              // What an editor unfolds stands elsewhere in the document, and its clicks come here all the same.
              if (!(event.currentTarget as HTMLElement).contains(target)) return;
              if (isOwn(target) || window.getSelection()?.toString()) return;
              const place = placeOf(target);
              const key = place && columns[place.column]?.key;
              // A cell that may be edited takes two clicks for that, and one to stand on.
              if (!key || !edits?.may(row, key)) onOpen(row);
            },
            onDoubleClick: (event) => {
              const place = placeOf(event.target);
              if (place && !(event.target as HTMLElement).closest("a, .grid-editing")) begin(place);
            },
          })}
          data-testid={testId}
        />
      </div>
    </Spacers>
  );
}
