import { Form, Input, Select } from "antd";
import { useTranslation } from "react-i18next";
import type { ServiceAccount } from "@/api/types";
import { useAccess } from "@/app/access";
import { useRoles } from "@/identity/api";
import { GroupPicker } from "@/identity/groups/GroupPicker";
import { roleName } from "@/identity/roles/names";
import { changedFields } from "@/shared/changes";
import { FormDrawer } from "@/shared/FormDrawer";
import { useNotices } from "@/shared/notices";
import { createServiceAccount, updateServiceAccount, useMachinesChanged } from "./api";

interface ServiceAccountFormProps {
  /** Left out: a new one. */
  account: ServiceAccount | undefined;
  open: boolean;
  onClose: () => void;
  onCreated: (account: ServiceAccount) => void;
}

interface Values {
  displayName: string;
  groupId: string;
  roleIds: string[];
}

export function ServiceAccountForm({ account, open, onClose, onCreated }: ServiceAccountFormProps) {
  const { t } = useTranslation();
  const { can } = useAccess();
  const notices = useNotices();
  const changed = useMachinesChanged();
  const seesRoles = can("PERMISSION_ROLES_READ");
  const roles = useRoles(open && seesRoles);
  const before: Values = { displayName: account?.displayName ?? "", groupId: account?.groupId ?? "", roleIds: account?.roleIds ?? [] };

  const submit = async (values: Values) => {
    const complete = { ...before, ...values, groupId: values.groupId ?? "" };
    if (account) {
      const changes = changedFields(before, complete);
      if (Object.keys(changes).length > 0) await updateServiceAccount(account.id, { ...changes, etag: account.etag });
      notices.done(t("common.saved"));
    } else {
      onCreated(await createServiceAccount(complete));
    }
    await changed();
  };
  return (
    <FormDrawer<Values>
      open={open}
      record={account}
      title={account ? t("administration.machine.edit", { name: account.displayName }) : t("administration.machine.create")}
      initialValues={before}
      submitText={account ? undefined : t("common.create")}
      onClose={onClose}
      onSubmit={submit}
      testId="service-account-form"
    >
      <Form.Item name="displayName" label={t("administration.machine.name")} rules={[{ required: true, message: t("common.required") }]} extra={t("administration.machine.nameHint")}>
        <Input maxLength={64} autoComplete="off" />
      </Form.Item>
      {seesRoles && (
        <Form.Item name="roleIds" label={t("identity.employee.roles")} extra={t("administration.machine.rolesHint")}>
          <Select
            mode="multiple"
            loading={roles.isPending}
            showSearch={{ optionFilterProp: "label" }}
            options={roles.data?.filter((role) => role.audience !== "ROLE_AUDIENCE_CUSTOMERS").map((role) => ({ value: role.id, label: roleName(t, role.name) }))}
            placeholder={t("common.selectPlaceholder")}
          />
        </Form.Item>
      )}
      <Form.Item name="groupId" label={t("identity.employee.group")} extra={t("administration.machine.groupHint")}>
        <GroupPicker allowClear placeholder={t("identity.employee.ungrouped")} />
      </Form.Item>
    </FormDrawer>
  );
}
