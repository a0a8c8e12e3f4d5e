import { useState } from "react";
import { Alert, Button, Card, Col, Flex, Radio, Row, Select, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { DuplicatePolicy, Import, ImportColumn, ImportKey } from "@/api/types";
import { useAccess } from "@/app/access";
import { EmployeePicker } from "@/identity/directory/EmployeePicker";
import { useAttributes } from "../attributes";
import type { RunChoice } from "./api";
import { ColumnTargets } from "./ColumnTargets";
import { doubled, targetsOf } from "./targets";

interface MappingProps {
  item: Import;
  /** What was chosen for the last run on this screen. */
  made: RunChoice | undefined;
  busy: string | undefined;
  checked: boolean;
  onRun: (choice: RunChoice, dryRun: boolean) => void;
}

const keys: ImportKey[] = ["IMPORT_KEY_NUMBER", "IMPORT_KEY_PHONE", "IMPORT_KEY_ID_NUMBER", "IMPORT_KEY_NAME"];
const policies: DuplicatePolicy[] = ["DUPLICATE_POLICY_SKIP", "DUPLICATE_POLICY_UPDATE"];
const keyFields: Partial<Record<ImportKey, string>> = {
  IMPORT_KEY_NUMBER: "number",
  IMPORT_KEY_PHONE: "phone",
  IMPORT_KEY_ID_NUMBER: "id_number",
  IMPORT_KEY_NAME: "name",
};

export function Mapping({ item, made, busy, checked, onRun }: MappingProps) {
  const { t } = useTranslation();
  const { can, profile } = useAccess();
  const attributes = useAttributes();
  const [columns, setColumns] = useState<ImportColumn[]>(made?.columns ?? item.columns);
  const [key, setKey] = useState<ImportKey>(made?.key ?? known(item.key) ?? proposedKey(item.columns));
  const [policy, setPolicy] = useState<DuplicatePolicy>(made?.duplicatePolicy ?? (item.duplicatePolicy === "DUPLICATE_POLICY_UPDATE" ? item.duplicatePolicy : "DUPLICATE_POLICY_SKIP"));
  const [ownerId, setOwnerId] = useState(made?.ownerId);
  const targets = targetsOf(attributes, item.columns, t);
  const twice = doubled(columns);
  const mapped = new Set(columns.map((column) => column.field).filter(Boolean));
  const keyField = keyFields[key];
  const faults = [
    mapped.has("name") ? "" : t("imports.nameMissing"),
    keyField && !mapped.has(keyField) ? t("imports.keyMissing", { key: t(`enums.ImportKey.${key}`) }) : "",
    twice.size > 0 ? t("imports.fieldTwice") : "",
  ].filter(Boolean);
  const choice: RunChoice = { columns, key, duplicatePolicy: policy, ownerId };
  const assign = (place: number, field: string) => setColumns(columns.map((column, index) => (index === place ? { ...column, field } : column)));

  return (
    <Card title={t("imports.mapping")} data-testid="mapping">
      <Flex vertical gap={20}>
        <Typography.Text type="secondary">{t("imports.mappingHint")}</Typography.Text>
        <ColumnTargets columns={columns} sampleRows={item.sampleRows} targets={targets} twice={twice} onAssign={assign} />
        <Row gutter={[24, 16]}>
          <Col xs={24} md={12}>
            <label htmlFor="import-key" style={{ display: "block", marginBottom: 4 }}>
              {t("imports.key")}
            </label>
            <Select<ImportKey> id="import-key" value={key} onChange={setKey} options={keys.map((value) => ({ value, label: t(`enums.ImportKey.${value}`) }))} style={{ width: "100%" }} />
            <Typography.Text type="secondary" style={{ fontSize: 13 }}>
              {t("imports.keyHint")}
            </Typography.Text>
          </Col>
          <Col xs={24} md={12}>
            <div id="import-policy" style={{ marginBottom: 4 }}>
              {t("imports.policy")}
            </div>
            <Radio.Group
              aria-labelledby="import-policy"
              vertical
              value={policy}
              onChange={(event) => setPolicy(event.target.value as DuplicatePolicy)}
              options={policies.map((value) => ({ value, label: t(`enums.DuplicatePolicy.${value}`) }))}
            />
          </Col>
          {can("PERMISSION_CUSTOMERS_ASSIGN") && (
            <Col xs={24} md={12}>
              <label htmlFor="import-owner" style={{ display: "block", marginBottom: 4 }}>
                {t("imports.owner")}
              </label>
              <EmployeePicker id="import-owner" allowClear value={ownerId} onChange={setOwnerId} offerMe placeholder={profile?.displayName} />
            </Col>
          )}
        </Row>
        {faults.length > 0 && <Alert type="warning" showIcon title={faults.join(" ")} />}
        <Flex gap={8} wrap>
          <Button type={checked ? "default" : "primary"} onClick={() => onRun(choice, true)} loading={busy === "dry"} disabled={faults.length > 0} data-testid="run-dry">
            {t(checked ? "imports.runDryAgain" : "imports.runDry")}
          </Button>
          <Button type={checked ? "primary" : "default"} onClick={() => onRun(choice, false)} loading={busy === "real"} disabled={faults.length > 0} data-testid="run-real">
            {t("imports.runReal")}
          </Button>
        </Flex>
      </Flex>
    </Card>
  );
}

function known(key: Import["key"]): ImportKey | undefined {
  return key === "IMPORT_KEY_UNSPECIFIED" ? undefined : key;
}

/** The most telling key that the file has a column for. */
function proposedKey(columns: readonly ImportColumn[]): ImportKey {
  const fields = new Set(columns.map((column) => column.field));
  return keys.find((key) => fields.has(keyFields[key] ?? "")) ?? "IMPORT_KEY_NAME";
}
