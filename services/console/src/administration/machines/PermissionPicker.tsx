import { useMemo } from "react";
import { Select } from "antd";
import { useTranslation } from "react-i18next";
import type { Permission } from "@/api/types";
import { usePermissionCatalog } from "@/identity/api";
import { byService } from "@/identity/roles/scopes";
import { isService } from "../services";

interface PermissionPickerProps {
  id?: string;
  value?: Permission[];
  onChange?: (permissions: Permission[]) => void;
  /** Only these can be chosen; all while it is left out. */
  among: readonly Permission[] | undefined;
  placeholder?: string;
}

/** Permissions by the service that they open. */
export function PermissionPicker({ id, value, onChange, among, placeholder }: PermissionPickerProps) {
  const { t } = useTranslation();
  const catalog = usePermissionCatalog();
  const options = useMemo(() => {
    const offered = (catalog.data?.permissions ?? []).filter(({ permission }) => permission && (!among || among.includes(permission)));
    return byService(offered).map(([service, entries]) => ({
      label: isService(service) ? t(`identity.services.${service}`) : t("identity.services.other"),
      options: entries.map(({ permission }) => ({ value: permission, label: t(`enums.Permission.${permission ?? "PERMISSION_UNSPECIFIED"}`) })),
    }));
  }, [catalog.data, among, t]);
  return (
    <Select<Permission[]>
      id={id}
      mode="multiple"
      allowClear
      value={value}
      onChange={onChange}
      loading={catalog.isPending}
      options={options}
      showSearch={{ optionFilterProp: "label" }}
      placeholder={placeholder}
      style={{ width: "100%" }}
    />
  );
}
