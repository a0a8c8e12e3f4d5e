import { useRef, useState } from "react";
import { DownloadOutlined, InboxOutlined } from "@ant-design/icons";
import { App, Button, Card, Dropdown, Flex, Progress, Table, Tag, Typography, Upload, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { download } from "@/api/download";
import { usePages } from "@/api/pages";
import { asProblem } from "@/api/problem";
import { isAbort } from "@/api/progress";
import type { Import } from "@/api/types";
import { FormFault } from "@/shared/FormFault";
import { LoadMore } from "@/shared/LoadMore";
import { useNotices } from "@/shared/notices";
import { PageHeader } from "@/shared/PageHeader";
import { Loaded, Nothing } from "@/shared/states";
import { Time } from "@/shared/Time";
import { usePhone } from "@/shared/usePhone";
import { listImports, uploadImportFile } from "./api";
import { stateColors } from "./progress";

const largest = 200 * 1024 * 1024;

export function ImportsPage() {
  const { t } = useTranslation();
  const notices = useNotices();
  const imports = usePages(["imports"], listImports);
  const template = async (format: string, ending: string) => {
    try {
      await download("/v1/imports:downloadTemplate", { format }, `customers.${ending}`);
    } catch (fault) {
      notices.fault(fault);
    }
  };
  return (
    <>
      <PageHeader
        title={t("imports.title")}
        subtitle={t("imports.subtitle")}
        actions={
          <Dropdown
            trigger={["click"]}
            menu={{
              items: [
                { key: "xlsx", label: "Excel (.xlsx)", onClick: () => void template("IMPORT_FILE_FORMAT_XLSX", "xlsx") },
                { key: "csv", label: "CSV", onClick: () => void template("IMPORT_FILE_FORMAT_CSV", "csv") },
              ],
            }}
          >
            <Button icon={<DownloadOutlined />}>{t("imports.template")}</Button>
          </Dropdown>
        }
      />
      <Flex vertical gap={16}>
        <UploadCard />
        <Card title={t("imports.history")}>
          <Loaded query={imports} small>
            {({ pages }) => <History rows={pages.flatMap((page) => page.imports)} />}
          </Loaded>
          <LoadMore query={imports} />
        </Card>
      </Flex>
    </>
  );
}

function UploadCard() {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const abort = useRef<AbortController>(undefined);
  const [part, setPart] = useState<number>();
  const [fault, setFault] = useState<unknown>();

  const upload = async (file: File) => {
    setFault(undefined);
    if (!/\.(csv|xlsx|vcf)$/i.test(file.name)) return void message.error(t("imports.wrongType"));
    if (file.size > largest) return void message.error(t("imports.tooLarge"));
    abort.current = new AbortController();
    setPart(0);
    try {
      const { id } = await uploadImportFile(file, setPart, abort.current.signal);
      void navigate(`/imports/${id}`);
    } catch (error) {
      if (!isAbort(error)) setFault(asProblem(error));
    } finally {
      setPart(undefined);
    }
  };
  return (
    <Card>
      <FormFault fault={fault} />
      {part === undefined ? (
        <Upload.Dragger
          accept=".csv,.xlsx,.vcf"
          showUploadList={false}
          beforeUpload={(file) => {
            void upload(file);
            return false;
          }}
          data-testid="upload"
        >
          <p className="ant-upload-drag-icon">
            <InboxOutlined />
          </p>
          <p className="ant-upload-text">{t("imports.drop")}</p>
          <p className="ant-upload-hint">{t("imports.dropHint")}</p>
        </Upload.Dragger>
      ) : (
        <Flex vertical gap={12} align="center" style={{ padding: 24 }}>
          <Typography.Text>{t(part < 1 ? "imports.uploading" : "imports.reading")}</Typography.Text>
          <Progress percent={Math.round(part * 100)} status="active" style={{ maxWidth: 480 }} />
          <Button onClick={() => abort.current?.abort()}>{t("common.cancel")}</Button>
        </Flex>
      )}
    </Card>
  );
}

function History({ rows }: { rows: Import[] }) {
  const { t } = useTranslation();
  const phone = usePhone();
  if (rows.length === 0) return <Nothing text={t("imports.none")} />;
  const state = (item: Import) => <Tag color={stateColors[item.state ?? "IMPORT_STATE_UNSPECIFIED"]}>{t(`enums.ImportState.${item.state ?? "IMPORT_STATE_UNSPECIFIED"}`)}</Tag>;
  const number = (value: string | undefined) => Number(value ?? 0).toLocaleString();
  if (phone) {
    return (
      <Flex vertical gap={8}>
        {rows.map((item) => (
          <Card key={item.id} size="small">
            <Flex justify="space-between" gap={8}>
              <Link to={`/imports/${item.id}`}>{item.fileName}</Link>
              {state(item)}
            </Flex>
            <Typography.Text type="secondary">
              {t("imports.rows", { count: Number(item.rowCount) })} · <Time value={item.createTime} />
            </Typography.Text>
          </Card>
        ))}
      </Flex>
    );
  }
  const columns: TableColumnsType<Import> = [
    { title: t("imports.file"), key: "file", render: (_, item) => <Link to={`/imports/${item.id}`}>{item.fileName}</Link> },
    { title: t("imports.state"), key: "state", render: (_, item) => state(item) },
    { title: t("imports.rowCount"), align: "end", key: "rows", render: (_, item) => number(item.rowCount), className: "tabular" },
    { title: t("imports.result.created"), align: "end", key: "created", render: (_, item) => (item.dryRun ? "—" : number(item.progress?.created)), className: "tabular" },
    { title: t("imports.result.updated"), align: "end", key: "updated", render: (_, item) => (item.dryRun ? "—" : number(item.progress?.updated)), className: "tabular" },
    { title: t("imports.result.failed"), align: "end", key: "failed", render: (_, item) => number(item.progress?.failed), className: "tabular" },
    { title: t("common.time"), align: "end", key: "time", render: (_, item) => <Time value={item.createTime} /> },
  ];
  return <Table<Import> rowKey="id" size="middle" columns={columns} dataSource={rows} pagination={false} scroll={{ x: 760 }} data-testid="imports" />;
}
