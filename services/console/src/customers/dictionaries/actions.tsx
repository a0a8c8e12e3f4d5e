import { useTranslation } from "react-i18next";
import type { DictionaryEntry } from "@/api/types";
import { useActs } from "@/shared/acts";
import { deleteEntry, updateEntry, useDictionaryChanged } from "./api";

export function useEntryActions(dictionary: string) {
  const { t } = useTranslation();
  const { attempt, ask, askToDelete } = useActs(useDictionaryChanged());

  const setRetired = (entry: DictionaryEntry, retired: boolean) =>
    attempt(() => updateEntry(dictionary, entry.code, { retired, etag: entry.etag }), t(retired ? "settings.entry.retired" : "settings.entry.restored"));

  const remove = (entry: DictionaryEntry) =>
    askToDelete({
      title: t("settings.entry.deleteTitle", { name: entry.nameZh }),
      content: t("common.cannotUndo"),
      work: () => deleteEntry(dictionary, entry.code),
      onFault: ({ reason, detail }) => {
        if (reason !== "ENTRY_IN_USE" || entry.retired) return false;
        ask({ title: t("settings.entry.inUse"), content: detail, okText: t("settings.entry.retire"), danger: false, work: () => setRetired(entry, true) });
        return true;
      },
    });
  return { setRetired, remove };
}
