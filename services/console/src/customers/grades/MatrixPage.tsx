// 价值矩阵: how many customers hold which pair of grades, each count leading to the customers.
import { Card, Flex, Select, Table, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { PageHeader } from "@/shared/PageHeader";
import { Loaded } from "@/shared/states";
import { useDictionaries } from "../dictionaries/api";
import { useEntries, useEntryName } from "../dictionaries/entries";
import { useGradeMatrix } from "./api";
import { Grade } from "./GradesCard";
import { table } from "./moves";

const own = new Set(["level", "grade", "credit"]);

/** The filter that finds one cell's customers. */
function condition(scheme: string, code: string): string {
  const field = own.has(scheme) ? scheme : `grades.${scheme}`;
  return code ? `${field} = "${code}"` : `NOT ${field}:*`;
}

export function MatrixPage() {
  const { t } = useTranslation();
  const nameOf = useEntryName();
  const { data: dictionaries } = useDictionaries();
  const [params, setParams] = useSearchParams({ rows: "current_value", columns: "potential_value" });
  const schemes = (dictionaries ?? []).filter(({ graded }) => graded).map((scheme) => ({ value: scheme.code, label: nameOf(scheme) }));
  const choose = (axis: "rows" | "columns") => (code: string) =>
    setParams((before) => {
      before.set(axis, code);
      return before;
    });
  const axis = (name: "rows" | "columns") => (
    <label>
      {t(`levels.grade.${name}`)} <Select value={params.get(name)} options={schemes} onChange={choose(name)} style={{ width: 160 }} aria-label={t(`levels.grade.${name}`)} />
    </label>
  );
  return (
    <>
      <PageHeader
        title={t("levels.grade.matrix")}
        subtitle={t("levels.grade.matrixSubtitle")}
        actions={
          <Flex gap={16} wrap>
            {axis("rows")}
            {axis("columns")}
          </Flex>
        }
      />
      <Matrix rowScheme={params.get("rows") ?? ""} columnScheme={params.get("columns") ?? ""} />
    </>
  );
}

function Matrix({ rowScheme, columnScheme }: { rowScheme: string; columnScheme: string }) {
  const { t } = useTranslation();
  const matrix = useGradeMatrix(rowScheme, columnScheme);
  const rowEntries = useEntries(rowScheme).index.list;
  const columnEntries = useEntries(columnScheme).index.list;
  return (
    <Loaded query={matrix}>
      {({ pairs }) => {
        const counts = table(pairs);
        const rows = [...rowEntries.map(({ code }) => code), ""];
        const columns: TableColumnsType<string> = [
          { key: "row", title: "", render: (_, row) => <Grade scheme={rowScheme} code={row} /> },
          ...[...columnEntries.map(({ code }) => code), ""].map((column) => ({
            key: `column-${column}`,
            title: <Grade scheme={columnScheme} code={column} />,
            align: "right" as const,
            render: (_: unknown, row: string) => {
              const count = counts.at(row, column);
              const filter = `${condition(rowScheme, row)} AND ${condition(columnScheme, column)}`;
              return count > 0 ? <Link to={`/customers?filter=${encodeURIComponent(filter)}`}>{count.toLocaleString()}</Link> : <span aria-hidden>—</span>;
            },
          })),
          { key: "total", title: t("levels.grade.total"), align: "right", render: (_, row) => counts.ofRow(row).toLocaleString() },
        ];
        return (
          <Card>
            <Table<string> rowKey={(row) => row || "none"} columns={columns} dataSource={rows} pagination={false} scroll={{ x: "max-content" }} data-testid="matrix" />
          </Card>
        );
      }}
    </Loaded>
  );
}
