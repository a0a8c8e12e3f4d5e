import { Form, Input, Radio, Select } from "antd";
import { useTranslation } from "react-i18next";
import type { Employee } from "@/api/types";
import { useAccess } from "@/app/access";
import type { Language } from "@/i18n";
import { changedFields } from "@/shared/changes";
import { FormDrawer } from "@/shared/FormDrawer";
import { useNotices } from "@/shared/notices";
import { createEmployee, updateEmployee, useOrganizationChanged, useRoles } from "../api";
import { GroupPicker } from "../groups/GroupPicker";
import { roleName } from "../roles/names";

interface EmployeeFormProps {
  /** Left out: a new one. */
  employee: Employee | undefined;
  open: boolean;
  onClose: () => void;
  onCreated: (secret: { loginName: string; password: string }) => void;
}

type Editable = Pick<Employee, "loginName" | "displayName" | "email" | "phone" | "groupId" | "roleIds"> & { locale: Language };
/** How a new employee comes by a password. */
type Values = Editable & { entry: "invitation" | "password" };

const blank: Editable = { loginName: "", displayName: "", email: "", phone: "", groupId: "", roleIds: [], locale: "zh-CN" };

export function EmployeeForm({ employee, open, onClose, onCreated }: EmployeeFormProps) {
  const { t } = useTranslation();
  const { can } = useAccess();
  const notices = useNotices();
  const changed = useOrganizationChanged();
  const seesRoles = can("PERMISSION_ROLES_READ");
  const roles = useRoles(open && seesRoles);
  const before = employee ? pick(employee) : blank;
  const required = { required: true, message: t("common.required") };

  const submit = async ({ entry, ...values }: Values) => {
    const complete = { ...before, ...values, groupId: values.groupId ?? "" };
    if (employee) {
      const changes = changedFields(before, complete);
      if (Object.keys(changes).length > 0) await updateEmployee(employee.id, { ...changes, etag: employee.etag });
      notices.done(t("common.saved"));
    } else {
      const invite = entry === "invitation";
      const answer = await createEmployee(complete, invite);
      if (invite) notices.done(t("security.invite.sent", { email: complete.email }));
      else onCreated({ loginName: answer.employee?.loginName ?? complete.loginName, password: answer.initialPassword });
    }
    await changed();
  };
  return (
    <FormDrawer<Values>
      open={open}
      record={employee}
      title={employee ? t("identity.employee.edit", { name: employee.displayName }) : t("identity.employee.create")}
      initialValues={{ ...before, entry: "password" }}
      submitText={employee ? undefined : t("common.create")}
      onClose={onClose}
      onSubmit={submit}
      testId="employee-form"
    >
      <Form.Item name="displayName" label={t("identity.employee.displayName")} rules={[required]}>
        <Input maxLength={64} autoComplete="off" />
      </Form.Item>
      <Form.Item
        name="loginName"
        label={t("identity.employee.loginName")}
        tooltip={t("identity.employee.loginNameHint")}
        rules={[required, { pattern: /^[A-Za-z0-9][A-Za-z0-9._@-]+$/, message: t("identity.employee.loginNameHint") }]}
      >
        <Input maxLength={64} autoComplete="off" />
      </Form.Item>
      <Form.Item name="groupId" label={t("identity.employee.group")}>
        <GroupPicker allowClear placeholder={t("identity.employee.ungrouped")} />
      </Form.Item>
      {seesRoles && (
        <Form.Item name="roleIds" label={t("identity.employee.roles")}>
          <Select
            mode="multiple"
            loading={roles.isPending}
            showSearch={{ optionFilterProp: "label" }}
            options={roles.data?.map((role) => ({ value: role.id, label: roleName(t, role.name) }))}
            placeholder={t("common.selectPlaceholder")}
          />
        </Form.Item>
      )}
      <Form.Item name="phone" label={t("identity.employee.phone")}>
        <Input maxLength={32} autoComplete="off" inputMode="tel" />
      </Form.Item>
      <Form.Item noStyle dependencies={["entry"]}>
        {({ getFieldValue }) => (
          <Form.Item name="email" label={t("identity.employee.email")} rules={getFieldValue("entry") === "invitation" ? [required] : undefined}>
            <Input maxLength={254} type="email" autoComplete="off" />
          </Form.Item>
        )}
      </Form.Item>
      {!employee && (
        <Form.Item name="entry" label={t("security.invite.entry")}>
          <Radio.Group
            options={[
              { value: "password", label: t("security.invite.byPassword") },
              { value: "invitation", label: t("security.invite.byMail") },
            ]}
          />
        </Form.Item>
      )}
      <Form.Item name="locale" label={t("app.language")}>
        <Select
          options={[
            { value: "zh-CN", label: "简体中文" },
            { value: "en", label: "English" },
          ]}
        />
      </Form.Item>
    </FormDrawer>
  );
}

function pick({ loginName, displayName, email, phone, groupId, roleIds, locale }: Employee): Editable {
  return { loginName, displayName, email, phone, groupId, roleIds, locale: locale === "en" ? "en" : "zh-CN" };
}
