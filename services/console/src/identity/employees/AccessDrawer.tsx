// What a person may do and which roles say so, as the services decide it.
import { useState } from "react";
import { useQuery } from "@tanstack/react-query";
import { Alert, Drawer, Flex, Form, Popover, Table, Tag, Typography, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import type { EmployeeAccess, PermissionAccess, VisibilityAccess } from "@/api/types";
import { Decisions } from "@/shared/access/Decisions";
import { useFocusReturn } from "@/shared/drawer";
import { Loaded } from "@/shared/states";
import { usePhone } from "@/shared/usePhone";
import { explainEmployeeAccess, getEmployeeAccess } from "../api";
import { EmployeePicker } from "../directory/EmployeePicker";
import { roleName } from "../roles/names";
import { ScopeTag } from "../roles/RoleEffect";

interface AccessDrawerProps {
  employee: { id: string; displayName: string };
  onClose: () => void;
}

export function AccessDrawer({ employee, onClose }: AccessDrawerProps) {
  const { t } = useTranslation();
  const phone = usePhone();
  const access = useQuery({ queryKey: ["employees", "access", employee.id], queryFn: () => getEmployeeAccess(employee.id) });
  const permissionColumns = usePermissionColumns();
  const visibilityColumns = useVisibilityColumns();
  useFocusReturn();
  return (
    <Drawer open title={t("security.access.title", { name: employee.displayName })} size={phone ? window.innerWidth : 820} onClose={onClose} data-testid="access">
      <Loaded query={access} small>
        {(data) => (
          <Flex vertical gap={20}>
            <Standing access={data} />
            <Table<PermissionAccess>
              rowKey="permission"
              size="small"
              columns={permissionColumns}
              dataSource={data.permissions}
              pagination={false}
              scroll={phone ? { x: 560 } : undefined}
              locale={{ emptyText: t("security.access.nothing") }}
            />
            <ToRecords employee={employee} />
            <Table<VisibilityAccess>
              rowKey="personalData"
              size="small"
              columns={visibilityColumns}
              dataSource={data.visibilities}
              pagination={false}
            />
          </Flex>
        )}
      </Loaded>
    </Drawer>
  );
}

/** What the person may do with the record of a colleague, and why. */
function ToRecords({ employee }: { employee: { id: string; displayName: string } }) {
  const { t } = useTranslation();
  const [recordId, setRecordId] = useState<string>();
  const access = useQuery({
    queryKey: ["employees", "access", employee.id, recordId],
    queryFn: () => explainEmployeeAccess(recordId ?? "", employee.id),
    enabled: recordId !== undefined,
  });
  return (
    <Flex vertical gap={12} data-testid="access-to-employee">
      <Form.Item label={t("security.access.toRecord", { name: employee.displayName })} htmlFor="access-record" layout="vertical" style={{ margin: 0 }}>
        <EmployeePicker id="access-record" allowClear value={recordId} onChange={setRecordId} />
      </Form.Item>
      {recordId !== undefined && (
        <Loaded query={access} small>
          {({ decisions }) => <Decisions decisions={decisions} />}
        </Loaded>
      )}
    </Flex>
  );
}

/** Whether the person gets in at all, and with what. */
function Standing({ access }: { access: EmployeeAccess }) {
  const { t } = useTranslation();
  const roles = access.secondFactorRoleNames.map((name) => roleName(t, name)).join(t("security.access.comma"));
  const demand = roles ? t("security.access.factorAsked", { roles }) : t("security.access.factorNotAsked");
  return (
    <Flex vertical gap={8}>
      {!access.active && <Alert type="warning" showIcon title={t("security.access.inactive")} />}
      <Typography.Text>
        {access.groupName ? t("security.access.group", { group: access.groupName }) : t("security.access.ungrouped")}
      </Typography.Text>
      <Flex gap={8} align="center" wrap>
        <span>{demand}</span>
        <Tag color={access.secondFactorSet ? "green" : roles ? "red" : "default"}>
          {t(access.secondFactorSet ? "security.access.factorSet" : "security.access.factorNotSet")}
        </Tag>
      </Flex>
    </Flex>
  );
}

function usePermissionColumns(): TableColumnsType<PermissionAccess> {
  const { t } = useTranslation();
  return [
    { title: t("identity.role.permission"), key: "permission", render: (_, { permission }) => t(`enums.Permission.${permission}`) },
    {
      title: t("security.access.covers"),
      key: "covers",
      render: (_, entry) => (
        <Flex vertical gap={2} align="flex-start">
          <ScopeTag choice={entry.scope} />
          {entry.groupCount > 0 && <Covered entry={entry} />}
        </Flex>
      ),
    },
    {
      title: t("security.access.because"),
      key: "because",
      render: (_, { sources }) => (
        <Flex vertical gap={2}>
          {sources.map((source) => (
            <span key={source.roleId}>
              {roleName(t, source.roleName ?? "")}{" "}
              <Typography.Text type="secondary">
                {[t(`enums.Scope.${source.scope}`), source.groupNames.join(t("security.access.comma"))].filter(Boolean).join(" · ")}
              </Typography.Text>
            </span>
          ))}
        </Flex>
      ),
    },
  ];
}

const shownGroups = 3;

function Covered({ entry }: { entry: PermissionAccess }) {
  const { t } = useTranslation();
  const names = entry.groups.map(({ name }) => name);
  const text = names.slice(0, shownGroups).join(t("security.access.comma"));
  if (entry.groupCount <= shownGroups) return <Typography.Text type="secondary">{text}</Typography.Text>;
  return (
    <Popover
      title={t("security.access.groups", { count: entry.groupCount })}
      content={
        <div style={{ maxHeight: 300, maxWidth: 360, overflowY: "auto" }}>
          {names.join(t("security.access.comma"))}
          {entry.groupCount > names.length && ` ${t("security.access.moreGroups", { count: entry.groupCount - names.length })}`}
        </div>
      }
      trigger={["hover", "focus"]}
    >
      <Typography.Text type="secondary" tabIndex={0}>
        {text} {t("security.access.moreGroups", { count: entry.groupCount - shownGroups })}
      </Typography.Text>
    </Popover>
  );
}

function useVisibilityColumns(): TableColumnsType<VisibilityAccess> {
  const { t } = useTranslation();
  return [
    { title: t("identity.role.personalData"), key: "kind", render: (_, { personalData }) => t(`enums.PersonalData.${personalData}`) },
    {
      title: t("security.access.sees"),
      key: "visibility",
      render: (_, { visibility }) => (
        <Tag color={visibility === "VISIBILITY_CLEAR" ? "green" : visibility === "VISIBILITY_HIDDEN" ? "default" : "gold"}>{t(`enums.Visibility.${visibility}`)}</Tag>
      ),
    },
    {
      title: t("security.access.because"),
      key: "because",
      render: (_, { roleNames }) => (roleNames.length > 0 ? roleNames.map((name) => roleName(t, name)).join(t("security.access.comma")) : t("security.access.byDefault")),
    },
  ];
}
