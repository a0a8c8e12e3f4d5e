import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Card, Form, type FormInstance } from "antd";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import { FormFault } from "@/shared/FormFault";
import { useNotices } from "@/shared/notices";
import { showViolations } from "@/shared/violations";
import { changePassword } from "../api";
import { PasswordFields, type PasswordChange } from "../sign-in/PasswordFields";

export function PasswordCard({ loginName }: { loginName: string }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const queries = useQueryClient();
  const [form] = Form.useForm<PasswordChange>();
  const change = useMutation({
    mutationFn: ({ currentPassword, newPassword }: PasswordChange) => changePassword({ currentPassword, newPassword }),
    onSuccess: () => {
      form.resetFields();
      notices.done(t("identity.password.changed"));
      // All other sessions are over now.
      void queries.invalidateQueries({ queryKey: ["sessions"] });
    },
    onError: (fault) => showViolations(form as unknown as FormInstance, asProblem(fault)),
  });
  return (
    <Card title={t("identity.password.change")}>
      <FormFault fault={change.error} />
      <Form<PasswordChange> form={form} layout="vertical" requiredMark={false} onFinish={(values) => change.mutate(values)}>
        <PasswordFields loginName={loginName} currentLabel={t("identity.password.current")} />
        <Button type="primary" htmlType="submit" loading={change.isPending}>
          {t("identity.password.change")}
        </Button>
      </Form>
    </Card>
  );
}
