import { SafetyOutlined } from "@ant-design/icons";
import { Flex, Tag, Tooltip } from "antd";
import { useTranslation } from "react-i18next";
import type { Role } from "@/api/types";
import { forCustomers } from "./scopes";

/** What sets a role apart beside its permissions. */
export function RoleMarks({ role }: { role: Role }) {
  const { t } = useTranslation();
  if (!role.secondFactorRequired && !forCustomers(role.audience)) return null;
  return (
    <Flex gap={4} justify="center" style={{ display: "inline-flex" }}>
      {forCustomers(role.audience) && <Tag style={{ margin: 0 }}>{t("enums.RoleAudience.ROLE_AUDIENCE_CUSTOMERS")}</Tag>}
      {role.secondFactorRequired && (
        <Tooltip title={t("identity.role.secondFactorHint")}>
          <Tag color="green" style={{ margin: 0 }} icon={<SafetyOutlined />} aria-label={t("identity.role.secondFactorHint")} />
        </Tooltip>
      )}
    </Flex>
  );
}
