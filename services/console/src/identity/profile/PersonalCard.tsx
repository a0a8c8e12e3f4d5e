import { Button, Card, Form, Input, Select } from "antd";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import type { Profile } from "@/api/types";
import { setPreferences } from "@/app/preferences";
import type { Language } from "@/i18n";
import { changedFields } from "@/shared/changes";
import { FormFault } from "@/shared/FormFault";
import { useNotices } from "@/shared/notices";
import { showViolations } from "@/shared/violations";
import { useUpdateProfile } from "../api";

type Personal = Pick<Profile, "loginName" | "displayName" | "email" | "phone"> & { locale: Language | "" };

export function PersonalCard({ profile }: { profile: Profile }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const [form] = Form.useForm<Personal>();
  const update = useUpdateProfile();
  const { loginName, displayName, email, phone } = profile;
  const locale = profile.locale === "en" || profile.locale === "zh-CN" ? profile.locale : "";
  const before: Personal = { loginName, displayName, email, phone, locale };

  const save = (values: Personal) => {
    const changes = changedFields<Personal>(before, values);
    if (Object.keys(changes).length === 0) return notices.done(t("common.saved"));
    update.mutate(
      { ...changes, etag: profile.etag },
      {
        onSuccess: () => {
          if (changes.locale) setPreferences({ language: changes.locale });
          notices.done(t("common.saved"));
        },
        onError: (fault) => showViolations(form, asProblem(fault)),
      },
    );
  };
  return (
    <Card title={t("identity.profile.personal")}>
      <FormFault fault={update.error} />
      <Form<Personal> form={form} layout="vertical" initialValues={before} onFinish={save}>
        <Form.Item
          name="loginName"
          label={t("identity.employee.loginName")}
          tooltip={t("identity.employee.loginNameHint")}
          rules={[
            { required: true, message: t("common.required") },
            { pattern: /^[A-Za-z0-9][A-Za-z0-9._@-]+$/, message: t("identity.employee.loginNameHint") },
          ]}
        >
          <Input maxLength={64} autoComplete="username" />
        </Form.Item>
        <Form.Item name="displayName" label={t("identity.employee.displayName")} rules={[{ required: true, message: t("common.required") }]}>
          <Input maxLength={64} autoComplete="name" />
        </Form.Item>
        <Form.Item name="email" label={t("identity.employee.email")}>
          <Input type="email" maxLength={254} autoComplete="email" />
        </Form.Item>
        <Form.Item name="phone" label={t("identity.employee.phone")}>
          <Input maxLength={32} autoComplete="tel" />
        </Form.Item>
        <Form.Item name="locale" label={t("app.language")}>
          <Select
            options={[
              { value: "zh-CN", label: "简体中文" },
              { value: "en", label: "English" },
            ]}
          />
        </Form.Item>
        <Button type="primary" htmlType="submit" loading={update.isPending}>
          {t("common.save")}
        </Button>
      </Form>
    </Card>
  );
}
