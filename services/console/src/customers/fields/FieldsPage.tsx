import { useState } from "react";
import { PlusOutlined } from "@ant-design/icons";
import { Button, Card, Checkbox, Flex, Segmented, Table, Tag, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import type { Field, RecordKind } from "@/api/types";
import { useAccess } from "@/app/access";
import { useNotices } from "@/shared/notices";
import { PageHeader } from "@/shared/PageHeader";
import { RowActions } from "@/shared/RowActions";
import { Loaded, Nothing } from "@/shared/states";
import { isAskedFor } from "../attributes";
import { updateField, useFields, useFieldsChanged } from "./api";
import { FieldForm } from "./FieldForm";
import { ruleHint } from "./rules";

const indexColors: Record<Field["indexState"], string | undefined> = {
  FIELD_INDEX_STATE_UNSPECIFIED: undefined,
  FIELD_INDEX_STATE_BUILDING: "processing",
  FIELD_INDEX_STATE_READY: "green",
  FIELD_INDEX_STATE_FAILED: "red",
};
const recordKinds: RecordKind[] = ["RECORD_KIND_CUSTOMER", "RECORD_KIND_CONTACT", "RECORD_KIND_INTERACTION"];

export function FieldsPage() {
  const { t } = useTranslation();
  const { can } = useAccess();
  const notices = useNotices();
  const changed = useFieldsChanged();
  const [withRetired, setWithRetired] = useState(false);
  const [editing, setEditing] = useState<Field | "new">();
  const [recordKind, setRecordKind] = useState<RecordKind>("RECORD_KIND_CUSTOMER");
  const fields = useFields(recordKind, withRetired);
  const manages = can("PERMISSION_FIELDS_MANAGE");

  const setRetired = async (field: Field, retired: boolean) => {
    try {
      await updateField(field.key, { retired, etag: field.etag }, ["retired"]);
      notices.done(t(retired ? "settings.field.retired" : "settings.field.restored"));
    } catch (fault) {
      notices.fault(fault);
    } finally {
      await changed();
    }
  };
  const columns: TableColumnsType<Field> = [
    { title: t("settings.field.label"), key: "label", render: (_, field) => <strong style={{ opacity: field.retired ? 0.5 : 1 }}>{field.labelZh}</strong> },
    { title: t("settings.field.labelEn"), dataIndex: "labelEn", responsive: ["md"] },
    { title: t("settings.field.key"), dataIndex: "key", responsive: ["md"], render: (key: string) => <code>custom.{key}</code> },
    {
      title: t("settings.field.type"),
      key: "type",
      render: (_, field) => (
        <>
          {t(`enums.FieldType.${field.type ?? "FIELD_TYPE_UNSPECIFIED"}`)} {field.dictionary && <Tag>{field.dictionary}</Tag>}
        </>
      ),
    },
    {
      title: t("settings.field.rules"),
      key: "rules",
      responsive: ["md"],
      render: (_, field) => (
        <Flex gap={4} wrap>
          {field.required && <Tag color="red" style={{ margin: 0 }}>{t("settings.field.required")}</Tag>}
          {field.unique && <Tag color="blue" style={{ margin: 0 }}>{t("settings.field.unique")}</Tag>}
          {field.personalData && field.personalData !== "PERSONAL_DATA_UNSPECIFIED" && <Tag color="gold" style={{ margin: 0 }}>{t(`enums.PersonalData.${field.personalData}`)}</Tag>}
          {ruleHint(t, field) && <Tag style={{ margin: 0 }}>{ruleHint(t, field)}</Tag>}
          {(field.readRoleIds.length > 0 || field.writeRoleIds.length > 0) && <Tag color="purple" style={{ margin: 0 }}>{t("settings.field.byRole")}</Tag>}
          {field.indexed && <Tag color={indexColors[field.indexState]} style={{ margin: 0 }}>{t(`enums.FieldIndexState.${field.indexState}`)}</Tag>}
          {!isAskedFor(field) && <Tag style={{ margin: 0 }}>{t("settings.field.outOfTime")}</Tag>}
          {field.retired && <Tag style={{ margin: 0 }}>{t("settings.retired")}</Tag>}
        </Flex>
      ),
    },
    { title: t("settings.position"), dataIndex: "position", align: "end", className: "tabular", responsive: ["md"] },
    ...(manages
      ? [
          {
            key: "actions",
            align: "end" as const,
            render: (_: unknown, field: Field) => (
              <RowActions
                name={field.labelZh}
                actions={[
                  { label: t("common.edit"), run: () => setEditing(field) },
                  { label: t(field.retired ? "settings.entry.restore" : "settings.entry.retire"), danger: !field.retired, run: () => void setRetired(field, !field.retired) },
                ]}
              />
            ),
          },
        ]
      : []),
  ];
  return (
    <>
      <PageHeader
        title={t("app.menu.fields")}
        subtitle={t("settings.field.subtitle")}
        actions={
          <>
            <Checkbox checked={withRetired} onChange={(event) => setWithRetired(event.target.checked)}>
              {t("settings.field.showRetired")}
            </Checkbox>
            {manages && (
              <Button type="primary" icon={<PlusOutlined />} onClick={() => setEditing("new")} data-testid="create-field">
                {t("settings.field.create")}
              </Button>
            )}
          </>
        }
      />
      <Card>
        <Segmented<RecordKind>
          value={recordKind}
          onChange={setRecordKind}
          options={recordKinds.map((value) => ({ value, label: t(`enums.RecordKind.${value}`) }))}
          style={{ marginBottom: 16 }}
          data-testid="record-kind"
        />
        <Loaded query={fields} small>
          {(list) =>
            list.length === 0 ? <Nothing text={t("settings.field.empty")} /> : <Table<Field> rowKey="key" size="middle" columns={columns} dataSource={list} pagination={false} data-testid="fields" />
          }
        </Loaded>
      </Card>
      <FieldForm recordKind={recordKind} field={editing === "new" ? undefined : editing} open={editing !== undefined} onClose={() => setEditing(undefined)} />
    </>
  );
}
