import { Flex, Table, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { AuditedChange } from "@/api/types";
import { useAttributes } from "@/customers/attributes";
import { changeFieldName, isMoment } from "@/customers/record/changeTexts";
import { Time } from "@/shared/Time";
import type { TrailEntry } from "./merge";

/** What changed, before and after, and where the call came from. */
export function EntryDetails({ entry }: { entry: TrailEntry }) {
  const { t } = useTranslation();
  return (
    <Flex vertical gap={12} data-testid="audit-details" style={{ paddingBlock: 4 }}>
      {entry.changes.length > 0 && <Changes entry={entry} />}
      <Flex gap={24} wrap>
        <Fact label={t("administration.audit.requestId")} value={entry.requestId} />
        <Fact label={t("administration.audit.recordId")} value={entry.recordId} />
        <Fact label={t("administration.audit.sessionId")} value={entry.sessionId} />
        <Fact label={t("administration.audit.address")} value={entry.address} />
      </Flex>
    </Flex>
  );
}

function Fact({ label, value }: { label: string; value: string }) {
  if (!value) return null;
  return (
    <Flex vertical>
      <Typography.Text type="secondary" style={{ fontSize: 12 }}>
        {label}
      </Typography.Text>
      <Typography.Text code copyable style={{ fontSize: 12 }}>
        {value}
      </Typography.Text>
    </Flex>
  );
}

const ofCustomers = new Set(["customer", "contact", "relation", "interaction"]);

function Changes({ entry }: { entry: TrailEntry }) {
  const { t } = useTranslation();
  const attributes = useAttributes();
  const nameOf = (path: string) => {
    if (!ofCustomers.has(entry.recordKind)) return path;
    return attributes.find((attribute) => attribute.maskPath === path)?.label ?? changeFieldName(t, path);
  };
  const value = (text: string) =>
    text === "" ? (
      <Typography.Text type="secondary" aria-label={t("common.none")}>
        —
      </Typography.Text>
    ) : isMoment(text) ? (
      <Time value={text} />
    ) : (
      <span style={{ whiteSpace: "pre-wrap" }}>{text}</span>
    );
  return (
    <Table<AuditedChange>
      rowKey="field"
      size="small"
      bordered
      pagination={false}
      dataSource={entry.changes}
      columns={[
        { title: t("administration.audit.field"), key: "field", width: "26%", render: (_, { field }) => <span title={field}>{nameOf(field)}</span> },
        { title: t("administration.audit.before"), key: "before", width: "37%", render: (_, { before }) => value(before) },
        { title: t("administration.audit.after"), key: "after", width: "37%", render: (_, { after }) => value(after) },
      ]}
    />
  );
}
