// Which field each column of the file fills: a table where there is room, a list on a phone.
import { Flex, Select, Table, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { Import, ImportColumn } from "@/api/types";
import { usePhone } from "@/shared/usePhone";
import type { Target } from "./targets";

interface ColumnTargetsProps {
  columns: ImportColumn[];
  sampleRows: Import["sampleRows"];
  targets: Target[];
  /** Fields that more than one column fills. */
  twice: Set<string>;
  onAssign: (place: number, field: string) => void;
}

/** More columns than these scroll within their table, so that what follows stays near. */
const mostAtOnce = 12;

export function ColumnTargets({ columns, sampleRows, targets, twice, onAssign }: ColumnTargetsProps) {
  const { t } = useTranslation();
  const phone = usePhone();
  const rows = columns.map((column, place) => ({
    ...column,
    place,
    name: column.header || t("imports.unnamed", { number: place + 1 }),
    samples: sampleRows.map((row) => row.cells[place] ?? "").filter(Boolean),
  }));
  type Row = (typeof rows)[number];

  const target = (row: Row) => (
    <Select
      aria-label={t("imports.targetOf", { header: row.name })}
      allowClear
      value={row.field || undefined}
      status={row.field && twice.has(row.field) ? "error" : undefined}
      onChange={(field?: string) => onAssign(row.place, field ?? "")}
      options={targets}
      showSearch={{ optionFilterProp: "label" }}
      placeholder={t("imports.ignored")}
      style={{ width: "100%" }}
    />
  );
  const samples = (row: Row) => (
    <Typography.Text type="secondary" ellipsis title={row.samples.join("\n")}>
      {row.samples.slice(0, 3).join(" · ") || "—"}
    </Typography.Text>
  );
  if (phone) {
    return (
      <Flex vertical gap={16} component="ul" style={{ listStyle: "none", margin: 0, padding: 0 }}>
        {rows.map((row) => (
          <Flex key={row.place} vertical gap={2} component="li" style={{ minWidth: 0 }}>
            <strong>{row.name}</strong>
            {samples(row)}
            {target(row)}
          </Flex>
        ))}
      </Flex>
    );
  }
  return (
    <Table<Row>
      size="small"
      rowKey={(row) => row.place}
      pagination={false}
      scroll={{ x: 620, y: rows.length > mostAtOnce ? 520 : undefined }}
      dataSource={rows}
      columns={[
        { title: t("imports.column"), width: 200, render: (_, row) => <strong>{row.name}</strong> },
        { title: t("imports.samples"), ellipsis: true, render: (_, row) => samples(row) },
        { title: t("imports.target"), width: 280, render: (_, row) => target(row) },
      ]}
    />
  );
}
