// By which roles a field is seen and set.
import { Form, Select } from "antd";
import { useTranslation } from "react-i18next";
import { useAccess } from "@/app/access";
import { useRoles } from "@/identity/api";
import { roleName } from "@/identity/roles/names";

export function RoleItems({ open }: { open: boolean }) {
  const { t } = useTranslation();
  const { can } = useAccess();
  const seesRoles = can("PERMISSION_ROLES_READ");
  const roles = useRoles(open && seesRoles);
  if (!seesRoles) return null;
  const options = roles.data?.filter((role) => role.audience !== "ROLE_AUDIENCE_CUSTOMERS").map((role) => ({ value: role.id, label: roleName(t, role.name) }));
  return (["readRoleIds", "writeRoleIds"] as const).map((name) => (
    <Form.Item key={name} name={name} label={t(`settings.field.${name}`)} extra={t(`settings.field.${name}Hint`)}>
      <Select mode="multiple" loading={roles.isPending} showSearch={{ optionFilterProp: "label" }} options={options} placeholder={t("settings.field.allRoles")} />
    </Form.Item>
  ));
}
