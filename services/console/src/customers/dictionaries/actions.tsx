import { App } from "antd";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import type { DictionaryEntry } from "@/api/types";
import { useNotices } from "@/shared/notices";
import { deleteEntry, updateEntry, useDictionaryChanged } from "./api";

export function useEntryActions(dictionary: string) {
  const { t } = useTranslation();
  const { modal } = App.useApp();
  const notices = useNotices();
  const changed = useDictionaryChanged();

  const attempt = async (work: () => Promise<unknown>, text: string) => {
    try {
      await work();
      notices.done(text);
    } catch (fault) {
      notices.fault(fault);
    } finally {
      await changed();
    }
  };
  const setRetired = (entry: DictionaryEntry, retired: boolean) =>
    attempt(() => updateEntry(dictionary, entry.code, { retired, etag: entry.etag }), t(retired ? "settings.entry.retired" : "settings.entry.restored"));

  const remove = (entry: DictionaryEntry) =>
    modal.confirm({
      title: t("settings.entry.deleteTitle", { name: entry.nameZh }),
      content: t("common.cannotUndo"),
      okText: t("common.delete"),
      okButtonProps: { danger: true },
      onOk: async () => {
        try {
          await deleteEntry(dictionary, entry.code);
          notices.done(t("common.deleted"));
        } catch (fault) {
          const problem = asProblem(fault);
          if (problem.reason !== "ENTRY_IN_USE" || entry.retired) return notices.fault(fault);
          modal.confirm({
            title: t("settings.entry.inUse"),
            content: problem.detail,
            okText: t("settings.entry.retire"),
            onOk: () => setRetired(entry, true),
          });
        } finally {
          await changed();
        }
      },
    });
  return { setRetired, remove };
}
