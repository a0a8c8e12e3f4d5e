import { useState } from "react";
import { PlusOutlined } from "@ant-design/icons";
import { Button, Card, Flex, Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { Role } from "@/api/types";
import { useAccess } from "@/app/access";
import { PageHeader } from "@/shared/PageHeader";
import { Loaded, Nothing } from "@/shared/states";
import { usePhone } from "@/shared/usePhone";
import { usePermissionCatalog, useRoles } from "../api";
import { roleName } from "./names";
import { RoleEditor } from "./RoleEditor";
import { RoleMarks } from "./RoleMarks";
import { RoleMatrix } from "./RoleMatrix";

export function RolesPage() {
  const { t } = useTranslation();
  const { can } = useAccess();
  const phone = usePhone();
  const roles = useRoles();
  const catalog = usePermissionCatalog();
  const [open, setOpen] = useState<Role | "new">();
  const manages = can("PERMISSION_ROLES_MANAGE");

  return (
    <>
      <PageHeader
        title={t("app.menu.roles")}
        subtitle={t("identity.role.subtitle")}
        actions={
          manages && (
            <Button type="primary" icon={<PlusOutlined />} onClick={() => setOpen("new")} data-testid="create-role">
              {t("identity.role.create")}
            </Button>
          )
        }
      />
      <Loaded query={roles}>
        {(list) => {
          if (list.length === 0) return <Nothing text={t("identity.role.empty")} />;
          if (phone) return <RoleCards roles={list} onOpen={setOpen} />;
          return (
            <Loaded query={catalog}>
              {({ permissions }) => <RoleMatrix roles={list} permissions={permissions} onOpen={setOpen} />}
            </Loaded>
          );
        }}
      </Loaded>
      {open && catalog.data && (
        <RoleEditor
          key={open === "new" ? "new" : open.id}
          role={open === "new" ? undefined : open}
          permissions={catalog.data.permissions}
          manages={manages}
          onClose={() => setOpen(undefined)}
        />
      )}
    </>
  );
}

/** A matrix has no room on a phone; the list leads to each role's own. */
function RoleCards({ roles, onOpen }: { roles: Role[]; onOpen: (role: Role) => void }) {
  const { t } = useTranslation();
  return (
    <Flex vertical gap={8}>
      {roles.map((role) => (
        <Card key={role.id} size="small" className="clickable-card" onClick={() => onOpen(role)} role="button" tabIndex={0} onKeyDown={(event) => event.key === "Enter" && onOpen(role)}>
          <Flex justify="space-between" align="center">
            <strong>{roleName(t, role.name)}</strong>
            <span>
              <RoleMarks role={role} />
              {role.preset && <Tag>{t("identity.role.preset")}</Tag>}
            </span>
          </Flex>
          <Typography.Text type="secondary">
            {t("identity.role.holders", { count: role.holderCount })} · {t("identity.role.permissionCount", { count: role.grants.length })}
          </Typography.Text>
        </Card>
      ))}
    </Flex>
  );
}
