import { useMemo } from "react";
import { Button, Card, Flex, Table, Tooltip, Typography, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import type { PermissionEntry, Role } from "@/api/types";
import { roleName } from "./names";
import { RoleMarks } from "./RoleMarks";
import { ScopeTag } from "./RoleEffect";
import { byService, scopeOf } from "./scopes";

interface MatrixProps {
  roles: Role[];
  permissions: PermissionEntry[];
  onOpen: (role: Role) => void;
}

interface MatrixRow {
  key: string;
  service?: string;
  entry?: PermissionEntry;
}

/** Permissions × roles at a glance; a role's head opens it. */
export function RoleMatrix({ roles, permissions, onOpen }: MatrixProps) {
  const { t, i18n } = useTranslation();
  const rows = useMemo<MatrixRow[]>(
    () =>
      byService(permissions).flatMap(([service, entries]) => [
        { key: service, service },
        ...entries.map((entry) => ({ key: entry.permission ?? "", entry })),
      ]),
    [permissions],
  );
  // The preset roles fit a common screen side by side; English needs more room for a scope.
  const permissionWidth = 184;
  const roleWidth = i18n.language.startsWith("zh") ? 104 : 118;
  const columns: TableColumnsType<MatrixRow> = [
    {
      title: t("identity.role.permission"),
      key: "permission",
      fixed: "start",
      width: permissionWidth,
      onCell: ({ service }) => (service ? { colSpan: roles.length + 1 } : {}),
      render: (_, { service, entry }) =>
        entry ? (
          <Tooltip title={<Operations entry={entry} />} placement="right">
            <span>{t(`enums.Permission.${entry.permission ?? "PERMISSION_UNSPECIFIED"}`)}</span>
          </Tooltip>
        ) : (
          <Typography.Text strong type="secondary">
            {t(`identity.services.${serviceKey(service)}`)}
          </Typography.Text>
        ),
    },
    ...roles.map((role) => ({
      key: role.id,
      align: "center" as const,
      width: roleWidth,
      title: (
        <Flex vertical align="center" gap={2}>
          <Button type="link" size="small" style={{ fontWeight: 600, height: "auto", whiteSpace: "normal" }} onClick={() => onOpen(role)}>
            {roleName(t, role.name)}
          </Button>
          <Typography.Text type="secondary" style={{ fontSize: 12, fontWeight: 400 }}>
            {t("identity.role.holders", { count: role.holderCount })}
          </Typography.Text>
          <RoleMarks role={role} />
        </Flex>
      ),
      onCell: ({ service }: MatrixRow) => (service ? { colSpan: 0 } : {}),
      render: (_: unknown, { entry }: MatrixRow) => {
        const scope = entry?.permission ? scopeOf(role.grants, entry.permission) : "none";
        if (scope === "none") return <Typography.Text type="secondary" aria-label={t("common.none")}>·</Typography.Text>;
        return <ScopeTag choice={scope} wrap />;
      },
    })),
  ];
  return (
    <Card styles={{ body: { padding: 0 } }}>
      <Table<MatrixRow>
        rowKey="key"
        size="small"
        columns={columns}
        dataSource={rows}
        pagination={false}
        sticky={{ offsetHeader: 56 }}
        scroll={{ x: permissionWidth + roles.length * roleWidth }}
        data-testid="role-matrix"
      />
    </Card>
  );
}

const knownServices = ["identity", "customers", "reporting"] as const;

export function serviceKey(service: string | undefined): (typeof knownServices)[number] | "other" {
  return knownServices.find((known) => known === service) ?? "other";
}

export function Operations({ entry }: { entry: PermissionEntry }) {
  return (
    <div style={{ fontSize: 12, maxHeight: 240, overflowY: "auto" }}>
      {entry.operations.map((operation) => (
        <div key={operation}>
          <code>{operation}</code>
        </div>
      ))}
    </div>
  );
}
