import { useState } from "react";
import { PlusOutlined, SearchOutlined, UploadOutlined } from "@ant-design/icons";
import { Button, Card, Checkbox, Flex, Input, Select } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import type { Employee } from "@/api/types";
import { usePages } from "@/api/pages";
import { useAccess } from "@/app/access";
import { LoadMore } from "@/shared/LoadMore";
import { PageHeader } from "@/shared/PageHeader";
import { SecretOnce } from "@/shared/SecretOnce";
import { Loaded, Nothing } from "@/shared/states";
import { useDebounced } from "@/shared/useDebounced";
import { usePhone } from "@/shared/usePhone";
import { listEmployees, useRoles } from "../api";
import { GroupPicker } from "../groups/GroupPicker";
import { roleName } from "../roles/names";
import { AccessDrawer } from "./AccessDrawer";
import { EmployeeCards, EmployeeTable } from "./EmployeeList";
import { EmployeeForm } from "./EmployeeForm";
import { useEmployeeActions } from "./actions";

type StateChoice = "all" | "ACTIVE" | "DISABLED";

export function EmployeesPage() {
  const { t } = useTranslation();
  const { can } = useAccess();
  const phone = usePhone();
  const [search, setSearch] = useSearchParams();
  const [query, setQuery] = useState("");
  const [state, setState] = useState<StateChoice>("all");
  const [roleId, setRoleId] = useState<string>();
  const [below, setBelow] = useState(true);
  const [orderBy, setOrderBy] = useState("");
  const [editing, setEditing] = useState<Employee | "new">();
  const [explaining, setExplaining] = useState<Employee>();
  const [secret, setSecret] = useState<{ loginName: string; password: string }>();
  const group = search.get("group") ?? undefined;
  const settled = useDebounced(query.trim());
  const conditions = [state === "all" ? "" : `state = ${state}`, roleId ? `role_id = "${roleId}"` : "", group && !below ? `group_id = "${group}"` : ""];
  const asked = {
    query: settled || undefined,
    filter: conditions.filter(Boolean).join(" AND ") || undefined,
    withinGroupId: below ? group : undefined,
    orderBy: orderBy || undefined,
  };
  const employees = usePages(["employees", asked], (pageToken) => listEmployees({ ...asked, pageToken }));
  const roles = useRoles(can("PERMISSION_ROLES_READ"));
  const actions = useEmployeeActions({ onSecret: setSecret });
  const manages = can("PERMISSION_EMPLOYEES_MANAGE");
  const handlers = { onEdit: setEditing, onExplain: setExplaining, actions, manages };

  return (
    <>
      <PageHeader
        title={t("app.menu.employees")}
        subtitle={t("identity.employee.subtitle")}
        actions={
          manages && (
            <>
              <Link to="/employees/import">
                <Button icon={<UploadOutlined />}>{t("security.importing.button")}</Button>
              </Link>
              <Button type="primary" icon={<PlusOutlined />} onClick={() => setEditing("new")} data-testid="create-employee">
                {t("identity.employee.create")}
              </Button>
            </>
          )
        }
      />
      <Card styles={{ body: { padding: phone ? 12 : 16 } }}>
        <Flex gap={8} wrap style={{ marginBottom: 16 }}>
          <Input
            allowClear
            prefix={<SearchOutlined />}
            placeholder={t("identity.employee.search")}
            aria-label={t("identity.employee.search")}
            value={query}
            onChange={(event) => setQuery(event.target.value)}
            maxLength={64}
            style={{ width: phone ? "100%" : 260 }}
          />
          <GroupPicker
            aria-label={t("identity.employee.group")}
            allowClear
            placeholder={t("identity.employee.anyGroup")}
            value={group}
            onChange={(id) => setSearch(id ? { group: id } : {}, { replace: true })}
            style={{ width: phone ? "100%" : 220 }}
          />
          {group && (
            <Checkbox checked={below} onChange={(event) => setBelow(event.target.checked)} style={{ alignSelf: "center" }}>
              {t("identity.employee.withBelow")}
            </Checkbox>
          )}
          {roles.data && (
            <Select
              allowClear
              showSearch={{ optionFilterProp: "label" }}
              aria-label={t("identity.employee.roles")}
              placeholder={t("identity.employee.anyRole")}
              value={roleId}
              onChange={setRoleId}
              options={roles.data.map((role) => ({ value: role.id, label: roleName(t, role.name) }))}
              style={{ width: phone ? "100%" : 160 }}
            />
          )}
          <Select<StateChoice>
            aria-label={t("identity.employee.state")}
            value={state}
            onChange={setState}
            options={[
              { value: "all", label: t("identity.employee.anyState") },
              { value: "ACTIVE", label: t("enums.EmployeeState.EMPLOYEE_STATE_ACTIVE") },
              { value: "DISABLED", label: t("enums.EmployeeState.EMPLOYEE_STATE_DISABLED") },
            ]}
            style={{ width: phone ? "100%" : 140 }}
          />
        </Flex>
        <Loaded query={employees}>
          {({ pages }) => {
            const rows = pages.flatMap((page) => page.employees);
            if (rows.length === 0) return <Nothing text={t("identity.employee.empty")} />;
            return phone ? <EmployeeCards rows={rows} {...handlers} /> : <EmployeeTable rows={rows} orderBy={orderBy} onOrder={setOrderBy} {...handlers} />;
          }}
        </Loaded>
        <LoadMore query={employees} />
      </Card>
      <EmployeeForm
        employee={editing === "new" ? undefined : editing}
        open={editing !== undefined}
        onClose={() => setEditing(undefined)}
        onCreated={setSecret}
      />
      {explaining && <AccessDrawer employee={explaining} onClose={() => setExplaining(undefined)} />}
      <SecretOnce
        title={t("identity.secret.title")}
        loginName={secret?.loginName ?? ""}
        password={secret?.password}
        onClose={() => setSecret(undefined)}
      />
    </>
  );
}
