import { useState } from "react";
import { DownloadOutlined } from "@ant-design/icons";
import { Button, Card, Flex, Table, Tag, Typography, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import { download } from "@/api/download";
import { usePages } from "@/api/pages";
import type { Import, ImportRowError } from "@/api/types";
import { LoadMore } from "@/shared/LoadMore";
import { useNotices } from "@/shared/notices";
import { Loaded, Nothing } from "@/shared/states";
import { listRowErrors } from "./api";
import { faultyFirst, isFaulty } from "./faults";

/** Rows that failed or were left alone, each with what is wrong and how it stands in the file. */
export function RowErrors({ item }: { item: Import }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const [busy, setBusy] = useState(false);
  const errors = usePages(["rowErrors", item.id, item.endTime ?? item.startTime ?? ""], (pageToken) => listRowErrors(item.id, pageToken));

  const save = async () => {
    setBusy(true);
    try {
      await download(`/v1/imports/${item.id}:downloadErrors`, {}, item.format === "xlsx" ? "errors.xlsx" : "errors.csv");
    } catch (fault) {
      notices.fault(fault);
    } finally {
      setBusy(false);
    }
  };
  const columnsFor = (rows: ImportRowError[]): TableColumnsType<ImportRowError> => [
    { title: t("imports.row"), dataIndex: "row", width: 80, className: "tabular", fixed: "start" },
    {
      title: t("imports.fault"),
      width: 340,
      render: (_, row) => (
        <Flex vertical gap={4}>
          {row.errors.map((error) => (
            <Flex key={error.code + error.header} gap={6} align="flex-start">
              <Tag color={error.code === "EXISTS" ? "gold" : "red"} title={error.code} style={{ margin: 0 }}>
                {error.header || t("imports.wholeRow")}
              </Tag>
              <span>{error.message || error.code}</span>
            </Flex>
          ))}
        </Flex>
      ),
    },
    ...faultyFirst(item.columns, rows).map(({ header, place }) => ({
      key: place,
      title: header,
      width: 140,
      ellipsis: true,
      render: (_: unknown, row: ImportRowError) => {
        const wrong = isFaulty(row, header);
        return (
          <Typography.Text type={wrong ? "danger" : undefined} strong={wrong}>
            {row.cells[place]}
          </Typography.Text>
        );
      },
    })),
  ];
  return (
    <Card
      title={t(item.dryRun ? "imports.errorsDry" : "imports.errors")}
      data-testid="row-errors"
      extra={
        <Button icon={<DownloadOutlined />} loading={busy} onClick={() => void save()} data-testid="download-errors">
          {t("imports.downloadErrors")}
        </Button>
      }
    >
      <Typography.Paragraph type="secondary">{t("imports.errorsHint")}</Typography.Paragraph>
      <Loaded query={errors} small>
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.rowErrors);
          if (rows.length === 0) return <Nothing text={t("imports.noErrors")} />;
          return <Table<ImportRowError> rowKey="row" size="small" columns={columnsFor(rows)} dataSource={rows} pagination={false} scroll={{ x: 420 + item.columns.length * 140 }} />;
        }}
      </Loaded>
      <LoadMore query={errors} />
    </Card>
  );
}
