import { Typography } from "antd";
import { useTranslation } from "react-i18next";
import { useDirectoryNames } from "@/identity/directory/EmployeePicker";
import { Time } from "./Time";

export interface Authored {
  createUserId?: string;
  updateUserId?: string;
  createTime?: string;
  updateTime?: string;
}

interface AuthorsProps {
  record: Authored;
  /** Says who made the last change, where that can only be of one kind. */
  changedBy?: (name: string) => string;
}

/** Who created a record and who changed it last, on one quiet line. */
export function Authors({ record, changedBy }: AuthorsProps) {
  const { t } = useTranslation();
  const { createUserId = "", updateUserId = "", createTime, updateTime } = record;
  const named = useDirectoryNames([createUserId, updateUserId].filter(Boolean));
  const nameOf = (id: string) => (id === "" ? t("common.authors.system") : (named.find((entry) => entry.id === id)?.displayName ?? t("common.authors.unknown")));
  if (!createTime && !updateTime) return null;
  return (
    <Typography.Text type="secondary" style={{ fontSize: 12, display: "block" }} data-testid="authors">
      {createTime && (
        <>
          {t("common.authors.created", { name: nameOf(createUserId) })} <Time value={createTime} />
        </>
      )}
      {createTime && updateTime && updateTime !== createTime && t("common.authors.comma")}
      {updateTime && updateTime !== createTime && (
        <>
          {changedBy ? changedBy(nameOf(updateUserId)) : t("common.authors.updated", { name: nameOf(updateUserId) })} <Time value={updateTime} />
        </>
      )}
    </Typography.Text>
  );
}
