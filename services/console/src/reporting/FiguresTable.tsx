import { Button, Progress, Table, Typography, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import { share, type Row, type Table as Figures } from "./figures";
import { palette } from "./option";

interface FiguresTableProps {
  table: Figures;
  title: string;
  onDrill?: (filter: string) => void;
}

export function FiguresTable({ table, title, onDrill }: FiguresTableProps) {
  const { t } = useTranslation();
  const several = table.series.length > 1;
  const columns: TableColumnsType<Row> = [
    {
      title,
      key: "name",
      fixed: several ? "start" : undefined,
      render: (_, row) =>
        several ? row.name : <Drill text={row.name} filter={row.other ? undefined : [...row.parts.values()][0]?.filter} onDrill={onDrill} />,
    },
    ...(several
      ? table.series.map(({ key, name }) => ({ key: `series-${key}`, title: name, align: "end" as const, className: "tabular", render: (_: unknown, row: Row) => <Drill text={(row.parts.get(key)?.count ?? 0).toLocaleString()} filter={row.other ? undefined : row.parts.get(key)?.filter} onDrill={onDrill} /> }))
      : []),
    { title: t("reporting.count"), key: "count", align: "end", className: "tabular", sorter: (a, b) => a.count - b.count, render: (_, row) => <strong>{row.count.toLocaleString()}</strong> },
    {
      title: t("reporting.share"),
      key: "share",
      align: "end",
      width: several ? 80 : 150,
      render: (_, row, place) =>
        several ? (
          <Typography.Text type="secondary">{share(row.count, table.total)}</Typography.Text>
        ) : (
          <Progress percent={table.total === 0 ? 0 : (row.count / table.total) * 100} format={() => share(row.count, table.total)} size="small" styles={{ indicator: { width: 44, textAlign: "end" } }} strokeColor={palette[place % palette.length]} aria-hidden />
        ),
    },
  ];
  return <Table<Row> rowKey="key" size="small" columns={columns} dataSource={table.rows} pagination={table.rows.length > 12 ? { pageSize: 12, size: "small", showSizeChanger: false } : false} scroll={several ? { x: 240 + table.series.length * 90 } : undefined} data-testid="figures" />;
}

function Drill({ text, filter, onDrill }: { text: string; filter: string | undefined; onDrill?: (filter: string) => void }) {
  const { t } = useTranslation();
  if (!onDrill || filter === undefined) return <>{text}</>;
  return (
    <Button type="link" size="small" style={{ padding: 0, height: "auto", whiteSpace: "normal", textAlign: "start" }} onClick={() => onDrill(filter)} title={t("reporting.drill")}>
      {text}
    </Button>
  );
}
