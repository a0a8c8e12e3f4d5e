// One pool: where its customers come from, what claiming from it asks, and when customers go back to it.
import { useState } from "react";
import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Alert, Button, Card, Flex, Form, Input, InputNumber } from "antd";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import type { Pool, PoolInput } from "@/api/types";
import { EmployeePicker } from "@/identity/directory/EmployeePicker";
import { GroupsPicker } from "@/identity/groups/GroupsPicker";
import { FormDrawer } from "@/shared/FormDrawer";
import { useNotices } from "@/shared/notices";
import { clearViolations, showViolations } from "@/shared/violations";
import { createPool, previewPool, updatePool } from "../api";
import { TreeEntryPicker } from "../dictionaries/pickers";

type Values = Omit<PoolInput, "etag">;

interface PoolFormProps {
  pool: Pool | undefined;
  open: boolean;
  onClose: () => void;
  onSaved: () => Promise<unknown>;
}

export function PoolForm({ pool, open, onClose, onSaved }: PoolFormProps) {
  const { t } = useTranslation();
  const notices = useNotices();
  const number = (name: "maxOwned" | "maxClaimsPerDay" | "protectionDays" | "coolDownDays", max: number) => (
    <Form.Item name={name} label={t(`customers.pool.${name}Label`)} extra={t("customers.pool.zero")}>
      <InputNumber min={0} max={max} precision={0} style={{ width: "100%" }} />
    </Form.Item>
  );
  const initial: Values = pool ?? { nameZh: "", groupIds: [], regions: [], managerIds: [], maxOwned: 0, maxClaimsPerDay: 0, protectionDays: 0, coolDownDays: 0, recyclingRules: [] };
  return (
    <FormDrawer<Values>
      open={open}
      record={pool}
      title={pool ? t("common.edit") : t("customers.pool.create")}
      initialValues={initial}
      testId="pool-form"
      onClose={onClose}
      onSubmit={async (values) => {
        await (pool ? updatePool(pool.id, { ...cleaned(values), etag: pool.etag }) : createPool(cleaned(values)));
        notices.done(t("common.saved"));
        await onSaved();
      }}
    >
      <Form.Item name="nameZh" label={t("customers.pool.nameZh")} rules={[{ required: true, whitespace: true }]}>
        <Input maxLength={64} />
      </Form.Item>
      <Form.Item name="nameEn" label={t("customers.pool.nameEn")}>
        <Input maxLength={64} />
      </Form.Item>
      {!pool?.takesRest && (
        <>
          <Form.Item name="groupIds" label={t("customers.pool.groupsLabel")}>
            <Groups label={t("customers.pool.groupsLabel")} />
          </Form.Item>
          <Form.Item label={t("customers.pool.regionsLabel")}>
            <Form.List name="regions">
              {(fields, { add, remove }) => (
                <Flex vertical gap={8}>
                  {fields.map((field) => (
                    <Flex key={field.key} gap={8}>
                      <Form.Item name={field.name} noStyle>
                        <TreeEntryPicker dictionary="region" aria-label={t("customers.pool.regionsLabel")} />
                      </Form.Item>
                      <Button icon={<DeleteOutlined />} aria-label={t("common.remove")} onClick={() => remove(field.name)} />
                    </Flex>
                  ))}
                  <Button icon={<PlusOutlined />} onClick={() => add("")}>
                    {t("customers.pool.addRegion")}
                  </Button>
                </Flex>
              )}
            </Form.List>
          </Form.Item>
        </>
      )}
      <Form.Item name="managerIds" label={t("customers.pool.managers")} extra={t("customers.pool.managersText")}>
        <EmployeePicker multiple />
      </Form.Item>
      {number("maxOwned", 1_000_000)}
      {number("maxClaimsPerDay", 100_000)}
      {number("coolDownDays", 3650)}
      {number("protectionDays", 3650)}
      <Form.Item label={t("customers.pool.rulesLabel")}>
        <Form.List name="recyclingRules">
          {(fields, { add, remove }) => (
            <Flex vertical gap={8}>
              {fields.map((field, place) => (
                <Card key={field.key} size="small" title={t("customers.pool.rule", { number: place + 1 })} extra={<Button type="text" icon={<DeleteOutlined />} aria-label={t("common.remove")} onClick={() => remove(field.name)} />}>
                  <Form.Item name={[field.name, "label"]} label={t("customers.pool.ruleLabel")}>
                    <Input maxLength={64} />
                  </Form.Item>
                  <Form.Item name={[field.name, "afterDays"]} label={t("customers.pool.afterDays")}>
                    <InputNumber min={0} max={3650} precision={0} style={{ width: "100%" }} />
                  </Form.Item>
                  <Form.Item name={[field.name, "filter"]} label={t("customers.pool.ruleFilter")}>
                    <Input.TextArea autoSize maxLength={4000} placeholder={'level != "vip"'} />
                  </Form.Item>
                </Card>
              ))}
              <Button icon={<PlusOutlined />} onClick={() => add({ label: "", afterDays: 30, filter: "" })}>
                {t("customers.pool.addRule")}
              </Button>
            </Flex>
          )}
        </Form.List>
      </Form.Item>
      <Preview poolId={pool?.id} />
    </FormDrawer>
  );
}

/** The picker as a field of a form. */
function Groups({ label, value = [], onChange }: { label: string; value?: string[]; onChange?: (ids: string[]) => void }) {
  return <GroupsPicker aria-label={label} value={value} onChange={(ids) => onChange?.(ids)} />;
}

/** How many customers would go back today, before anything is saved. */
function Preview({ poolId }: { poolId: string | undefined }) {
  const { t } = useTranslation();
  const form = Form.useFormInstance<Values>();
  const notices = useNotices();
  const [busy, setBusy] = useState(false);
  const [found, setFound] = useState<{ count: number; names: string[] }>();
  const look = async () => {
    setBusy(true);
    clearViolations(form);
    try {
      const answer = await previewPool(poolId, cleaned(form.getFieldsValue(true) as Values));
      setFound({ count: Number(answer.customerCount), names: answer.customers.map((customer) => customer.name) });
    } catch (fault) {
      if (!showViolations(form, asProblem(fault))) notices.fault(fault);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Flex vertical gap={8}>
      <Button loading={busy} onClick={() => void look()}>
        {t("customers.pool.preview")}
      </Button>
      {found && <Alert type={found.count > 0 ? "warning" : "info"} title={t("customers.pool.previewed", { count: found.count })} description={found.names.join("、")} />}
    </Flex>
  );
}

function cleaned({ nameZh, nameEn, groupIds, regions, managerIds, maxOwned, maxClaimsPerDay, protectionDays, coolDownDays, recyclingRules }: Values): Values {
  return {
    nameZh,
    nameEn: nameEn ?? "",
    groupIds: groupIds ?? [],
    regions: (regions ?? []).filter(Boolean),
    managerIds: managerIds ?? [],
    maxOwned: maxOwned ?? 0,
    maxClaimsPerDay: maxClaimsPerDay ?? 0,
    protectionDays: protectionDays ?? 0,
    coolDownDays: coolDownDays ?? 0,
    recyclingRules: (recyclingRules ?? []).map((rule) => ({ label: rule.label ?? "", afterDays: rule.afterDays ?? 0, filter: rule.filter ?? "" })),
  };
}
