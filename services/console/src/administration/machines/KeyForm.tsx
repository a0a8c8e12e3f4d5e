import { DatePicker, Form, Input, Segmented } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import { useTranslation } from "react-i18next";
import type { ApiKey, ApiKeyInput, Permission } from "@/api/types";
import { FormDrawer } from "@/shared/FormDrawer";
import { PermissionPicker } from "./PermissionPicker";

interface KeyFormProps {
  open: boolean;
  title: string;
  /** What the holder may; the key can be confined to a part of it. */
  permissions: readonly Permission[] | undefined;
  create: (input: ApiKeyInput) => Promise<{ apiKey?: ApiKey; key: string }>;
  onClose: () => void;
  onCreated: (name: string, key: string) => void;
}

type Lifetime = "days30" | "days90" | "days365" | "until" | "unlimited";

const days: Partial<Record<Lifetime, number>> = { days30: 30, days90: 90, days365: 365 };

interface Values {
  name: string;
  lifetime: Lifetime;
  until?: Dayjs | null;
  permissions?: NonNullable<ApiKeyInput["permissions"]>;
}

export function KeyForm({ open, title, permissions, create, onClose, onCreated }: KeyFormProps) {
  const { t } = useTranslation();
  const submit = async ({ name, lifetime, until, permissions: chosen }: Values) => {
    const count = days[lifetime];
    const end = count === undefined ? (lifetime === "until" ? until?.endOf("day") : undefined) : dayjs().add(count, "day");
    const answer = await create({ name, expireTime: end?.toISOString(), permissions: chosen ?? [] });
    onCreated(name, answer.key);
  };
  return (
    <FormDrawer<Values> open={open} title={title} initialValues={{ lifetime: "days90", permissions: [] }} submitText={t("common.create")} onClose={onClose} onSubmit={submit} testId="key-form">
      <KeyFields permissions={permissions} />
    </FormDrawer>
  );
}

function KeyFields({ permissions }: { permissions: readonly Permission[] | undefined }) {
  const { t } = useTranslation();
  const lifetime = Form.useWatch<Lifetime>("lifetime");
  const required = { required: true, message: t("common.required") };
  const lifetimes: Lifetime[] = ["days30", "days90", "days365", "until", "unlimited"];
  return (
    <>
      <Form.Item name="name" label={t("administration.key.name")} rules={[required]} extra={t("administration.key.nameHint")}>
        <Input maxLength={64} autoComplete="off" />
      </Form.Item>
      <Form.Item name="lifetime" label={t("administration.key.lifetime")} extra={lifetime === "unlimited" ? t("administration.key.unlimitedHint") : undefined}>
        <Segmented options={lifetimes.map((value) => ({ value, label: t(`administration.key.lifetimes.${value}`) }))} />
      </Form.Item>
      {lifetime === "until" && (
        <Form.Item name="until" label={t("administration.key.expires")} rules={[required]}>
          <DatePicker style={{ width: "100%" }} disabledDate={(date) => date.isBefore(dayjs().startOf("day"))} />
        </Form.Item>
      )}
      <Form.Item name="permissions" label={t("administration.key.confine")} extra={t("administration.key.confineHint")}>
        <PermissionPicker among={permissions} placeholder={t("administration.key.everything")} />
      </Form.Item>
    </>
  );
}
