import { Form, Input, Radio, Select } from "antd";
import { useTranslation } from "react-i18next";
import type { ApiKeyInput, Permission } from "@/api/types";
import { FormDrawer } from "@/shared/FormDrawer";
import { expiryOf, lifetimes } from "./keys";

interface ApiKeyFormProps {
  open: boolean;
  /** What the holder may; a key can be confined to a part of it. */
  permissions: Permission[];
  onClose: () => void;
  onSubmit: (input: ApiKeyInput) => Promise<unknown>;
}

interface Values {
  name: string;
  days: number;
  permissions: ApiKeyInput["permissions"];
}

export function ApiKeyForm({ open, permissions, onClose, onSubmit }: ApiKeyFormProps) {
  const { t } = useTranslation();
  return (
    <FormDrawer<Values>
      open={open}
      title={t("security.keys.create")}
      initialValues={{ days: 90, permissions: [] }}
      submitText={t("common.create")}
      onClose={onClose}
      onSubmit={({ name, days, permissions }) => onSubmit({ name, permissions, expireTime: expiryOf(days) })}
      testId="api-key-form"
    >
      <Form.Item name="name" label={t("security.keys.name")} rules={[{ required: true, message: t("common.required") }]}>
        <Input maxLength={64} placeholder={t("security.keys.nameHint")} />
      </Form.Item>
      <Form.Item name="days" label={t("security.keys.lifetime")}>
        <Radio.Group
          optionType="button"
          options={lifetimes.map((days) => ({ value: days, label: days === 0 ? t("security.keys.forEver") : t("security.keys.days", { count: days }) }))}
        />
      </Form.Item>
      <Form.Item name="permissions" label={t("security.keys.permissions")} extra={t("security.keys.permissionsHint")}>
        <Select
          mode="multiple"
          allowClear
          showSearch={{ optionFilterProp: "label" }}
          placeholder={t("security.keys.everything")}
          options={permissions.map((permission) => ({ value: permission, label: t(`enums.Permission.${permission}`) }))}
        />
      </Form.Item>
    </FormDrawer>
  );
}
