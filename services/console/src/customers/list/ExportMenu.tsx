import { useState } from "react";
import { DownloadOutlined } from "@ant-design/icons";
import { Button, Dropdown } from "antd";
import { useTranslation } from "react-i18next";
import { download } from "@/api/download";
import type { ExportFormat } from "@/api/types";
import { useNotices } from "@/shared/notices";
import type { Shown } from "./ViewMenu";

/** The customers of the current filter, in the current order and columns, as a file. */
export function ExportMenu({ shown, compact }: { shown: Shown; compact: boolean }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const [busy, setBusy] = useState(false);
  const save = async (format: ExportFormat, ending: string) => {
    setBusy(true);
    try {
      const { filter, orderBy, columns } = shown;
      await download("/v1/customers:export", { format, filter, orderBy, columns: format === "EXPORT_FORMAT_VCARD" ? [] : columns }, `customers.${ending}`);
    } catch (fault) {
      notices.fault(fault);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dropdown
      trigger={["click"]}
      menu={{
        items: [
          { key: "xlsx", label: t("customers.list.exportXlsx"), onClick: () => void save("EXPORT_FORMAT_XLSX", "xlsx") },
          { key: "csv", label: t("customers.list.exportCsv"), onClick: () => void save("EXPORT_FORMAT_CSV", "csv") },
          { key: "vcard", label: t("customers.list.exportVcard"), onClick: () => void save("EXPORT_FORMAT_VCARD", "vcf") },
        ],
      }}
    >
      <Button icon={<DownloadOutlined />} loading={busy} aria-label={t("customers.list.export")} title={t("customers.list.export")} data-testid="export">
        {!compact && t("customers.list.export")}
      </Button>
    </Dropdown>
  );
}
