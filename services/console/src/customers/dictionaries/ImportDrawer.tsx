// Takes a sheet of entries in: first what would happen, then the change itself.
import { useState } from "react";
import { InboxOutlined } from "@ant-design/icons";
import { Alert, App, Button, Drawer, Flex, Statistic, Table, Typography, Upload } from "antd";
import { useTranslation } from "react-i18next";
import type { Dictionary, ImportedDictionary } from "@/api/types";
import { FormFault } from "@/shared/FormFault";
import { useNotices } from "@/shared/notices";
import { usePhone } from "@/shared/usePhone";
import { importEntries, useDictionaryChanged } from "./api";
import { useEntryName } from "./entries";

const largest = 20 * 1024 * 1024;
const columns = ["code", "name_zh", "name_en", "parent_code", "position", "retired"];

export function ImportDrawer({ dictionary, open, onClose }: { dictionary: Dictionary; open: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const phone = usePhone();
  const nameOf = useEntryName();
  return (
    <Drawer open={open} onClose={onClose} size={phone ? window.innerWidth : 640} title={t("settings.dictionaryImport.title", { name: nameOf(dictionary) })} destroyOnHidden data-testid="dictionary-import">
      <Steps dictionary={dictionary.code} onDone={onClose} />
    </Drawer>
  );
}

function Steps({ dictionary, onDone }: { dictionary: string; onDone: () => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const notices = useNotices();
  const changed = useDictionaryChanged();
  const [file, setFile] = useState<File>();
  const [trial, setTrial] = useState<ImportedDictionary>();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>();

  const run = async (chosen: File, dryRun: boolean) => {
    setBusy(true);
    setFault(undefined);
    try {
      const answer = await importEntries(dictionary, chosen, dryRun);
      // Somebody may have changed the dictionary since the trial, so the real run can find faults of its own.
      if (dryRun || answer.faults.length > 0) return setTrial(answer);
      notices.done(t("settings.dictionaryImport.done", { created: answer.createdCount, updated: answer.updatedCount }));
      await changed();
      onDone();
    } catch (error) {
      setFault(error);
    } finally {
      setBusy(false);
    }
  };
  const choose = (chosen: File) => {
    if (!/\.(csv|xlsx)$/i.test(chosen.name)) return void message.error(t("imports.wrongType"));
    if (chosen.size > largest) return void message.error(t("settings.dictionaryImport.tooLarge"));
    setFile(chosen);
    setTrial(undefined);
    void run(chosen, true);
  };
  const sound = trial?.faults.length === 0;
  const nothing = sound && trial.createdCount + trial.updatedCount === 0;
  return (
    <Flex vertical gap={16}>
      <FormFault fault={fault} />
      <Typography.Text type="secondary">
        {t("settings.dictionaryImport.text")} {columns.map((column) => <code key={column} style={{ marginInlineEnd: 8, whiteSpace: "nowrap" }}>{column}</code>)}
      </Typography.Text>
      <Upload.Dragger
        accept=".csv,.xlsx"
        showUploadList={false}
        disabled={busy}
        beforeUpload={(chosen) => {
          choose(chosen);
          return false;
        }}
      >
        <p className="ant-upload-drag-icon">
          <InboxOutlined />
        </p>
        <p className="ant-upload-text">{file?.name ?? t("settings.dictionaryImport.drop")}</p>
        <p className="ant-upload-hint">{t(busy ? "settings.dictionaryImport.checking" : "settings.dictionaryImport.dropHint")}</p>
      </Upload.Dragger>
      {trial && (
        <>
          <Flex gap={40} wrap data-testid="dictionary-trial">
            <Statistic title={t("settings.dictionaryImport.created")} value={trial.createdCount} />
            <Statistic title={t("settings.dictionaryImport.updated")} value={trial.updatedCount} />
            <Statistic title={t("settings.dictionaryImport.unchanged")} value={trial.unchangedCount} />
          </Flex>
          {sound ? (
            <Alert type={nothing ? "info" : "success"} showIcon title={t(nothing ? "settings.dictionaryImport.nothing" : "settings.dictionaryImport.sound")} />
          ) : (
            <>
              <Alert type="error" showIcon title={t("settings.dictionaryImport.faulty", { count: trial.faults.length })} />
              <Faults trial={trial} />
            </>
          )}
        </>
      )}
      <Flex justify="flex-end">
        <Button type="primary" disabled={!file || !sound || nothing} loading={busy && trial !== undefined} onClick={() => file && void run(file, false)} data-testid="import-entries">
          {t("settings.dictionaryImport.run")}
        </Button>
      </Flex>
    </Flex>
  );
}

function Faults({ trial }: { trial: ImportedDictionary }) {
  const { t } = useTranslation();
  return (
    <Table<ImportedDictionary["faults"][number]>
      rowKey={(fault) => `${fault.row} ${fault.column} ${fault.reason}`}
      size="small"
      dataSource={trial.faults}
      pagination={trial.faults.length > 20 ? { pageSize: 20, size: "small", showSizeChanger: false } : false}
      columns={[
        { title: t("settings.dictionaryImport.row"), align: "end", className: "tabular", render: (_, { row }) => row || "—" },
        { title: t("settings.code"), dataIndex: "code" },
        { title: t("settings.dictionaryImport.column"), dataIndex: "column", render: (column: string) => column && <code>{column}</code> },
        { title: t("settings.dictionaryImport.fault"), dataIndex: "message" },
      ]}
    />
  );
}
