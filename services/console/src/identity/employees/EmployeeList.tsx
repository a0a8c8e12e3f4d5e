import { EllipsisOutlined } from "@ant-design/icons";
import { Button, Card, Dropdown, Flex, Table, Tag, Tooltip, Typography, type MenuProps, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import dayjs from "dayjs";
import type { Employee } from "@/api/types";
import { useAccess } from "@/app/access";
import { PersonAvatar } from "@/shared/PersonAvatar";
import { orderText, parseOrder, sortOrderOf } from "@/shared/order";
import { Time } from "@/shared/Time";
import { roleName } from "../roles/names";
import type { EmployeeActions } from "./actions";
import { EmployeeReach } from "./EmployeeReach";

interface ListProps {
  rows: Employee[];
  manages: boolean;
  actions: EmployeeActions;
  onEdit: (employee: Employee) => void;
  onExplain: (employee: Employee) => void;
}

interface TableProps extends ListProps {
  orderBy: string;
  onOrder: (orderBy: string) => void;
}

export function EmployeeTable({ rows, orderBy, onOrder, ...handlers }: TableProps) {
  const { t } = useTranslation();
  const orders = parseOrder(orderBy);
  const sortable = (path: string) => ({ key: path, sorter: true, sortOrder: sortOrderOf(orders, path) });
  const columns: TableColumnsType<Employee> = [
    {
      title: t("identity.employee.displayName"),
      ...sortable("display_name"),
      render: (_, employee) => (
        <Flex align="center" gap={10}>
          <PersonAvatar name={employee.displayName} employeeId={employee.id} />
          <Flex vertical style={{ minWidth: 0 }}>
            <EmployeeName employee={employee} {...handlers} />
            <Typography.Text type="secondary" style={{ fontSize: 12 }}>
              {employee.loginName}
            </Typography.Text>
          </Flex>
        </Flex>
      ),
    },
    { title: t("identity.employee.group"), key: "group", render: (_, { groupName }) => groupName || <Ungrouped /> },
    { title: t("identity.employee.roles"), key: "roles", render: (_, employee) => <RoleTags employee={employee} /> },
    { title: t("identity.employee.contact"), key: "contact", render: (_, employee) => <EmployeeReach employee={employee} /> },
    { title: t("identity.employee.state"), key: "state", render: (_, employee) => <StateTags employee={employee} /> },
    {
      title: t("identity.employee.lastSignIn"),
      ...sortable("last_sign_in_time"),
      responsive: ["lg"],
      render: (_, employee) => <Time value={employee.lastSignInTime} as="relative" />,
    },
    {
      title: <span className="heard-only">{t("common.actions")}</span>,
      key: "actions",
      width: 56,
      render: (_, employee) => <EmployeeMenu employee={employee} {...handlers} />,
    },
  ];
  return (
    <Table
      rowKey="id"
      columns={columns}
      dataSource={rows}
      pagination={false}
      showSorterTooltip={false}
      scroll={{ x: 860 }}
      onChange={(_pages, _filters, sorter) => {
        const sorted = [sorter].flat().filter(({ order }) => order);
        onOrder(orderText(sorted.map(({ columnKey, order }) => ({ path: String(columnKey), descending: order === "descend" }))));
      }}
      data-testid="employees"
    />
  );
}

export function EmployeeCards({ rows, ...handlers }: ListProps) {
  return (
    <Flex vertical gap={8} data-testid="employees">
      {rows.map((employee) => (
        <Card key={employee.id} size="small">
          <Flex gap={12} align="center">
            <PersonAvatar name={employee.displayName} employeeId={employee.id} />
            <Flex vertical flex={1} gap={4} style={{ minWidth: 0 }}>
              <Flex gap={8} wrap align="center">
                <EmployeeName employee={employee} {...handlers} />
                <StateTags employee={employee} />
              </Flex>
              <Typography.Text type="secondary">{[employee.loginName, employee.groupName].filter(Boolean).join(" · ")}</Typography.Text>
              <EmployeeReach employee={employee} />
              <RoleTags employee={employee} />
            </Flex>
            <EmployeeMenu employee={employee} {...handlers} />
          </Flex>
        </Card>
      ))}
    </Flex>
  );
}

function EmployeeName({ employee, manages, onEdit }: { employee: Employee } & Omit<ListProps, "rows">) {
  if (!manages) return <strong>{employee.displayName}</strong>;
  return (
    <Typography.Link strong onClick={() => onEdit(employee)} role="button" tabIndex={0} onKeyDown={(event) => event.key === "Enter" && onEdit(employee)}>
      {employee.displayName}
    </Typography.Link>
  );
}

function Ungrouped() {
  const { t } = useTranslation();
  return <Tag color="gold">{t("identity.employee.ungrouped")}</Tag>;
}

function RoleTags({ employee }: { employee: Employee }) {
  const { t } = useTranslation();
  return (
    <Flex wrap gap={4}>
      {employee.roleNames.map((name) => (
        <Tag key={name} variant="filled" color="blue" style={{ margin: 0 }}>
          {roleName(t, name)}
        </Tag>
      ))}
    </Flex>
  );
}

function StateTags({ employee }: { employee: Employee }) {
  const { t } = useTranslation();
  const locked = employee.lockedUntil && dayjs(employee.lockedUntil).isAfter(dayjs());
  return (
    <Flex wrap gap={4}>
      {employee.state === "EMPLOYEE_STATE_DISABLED" ? (
        <Tag>{t("enums.EmployeeState.EMPLOYEE_STATE_DISABLED")}</Tag>
      ) : (
        <Tag color="green">{t("enums.EmployeeState.EMPLOYEE_STATE_ACTIVE")}</Tag>
      )}
      {employee.passwordChangeRequired && (
        <Tooltip title={t("identity.employee.initialHint")}>
          <Tag color="gold">{t("identity.employee.initial")}</Tag>
        </Tooltip>
      )}
      {locked && <Tag color="red">{t("identity.employee.locked")}</Tag>}
    </Flex>
  );
}

function EmployeeMenu({ employee, manages, actions, onEdit, onExplain }: { employee: Employee } & Omit<ListProps, "rows">) {
  const { t } = useTranslation();
  const { profile, can, has } = useAccess();
  const navigate = useNavigate();
  const explains = can("PERMISSION_ACCESS_EXPLAIN");
  const hands = has("customers") && can("PERMISSION_CUSTOMERS_ASSIGN");
  if (!manages && !explains && !hands) return null;
  const own = profile?.id === employee.id;
  const disabled = employee.state === "EMPLOYEE_STATE_DISABLED";
  const explain = { key: "explain", label: t("security.access.open"), onClick: () => onExplain(employee) };
  // Whoever has signed in has a password.
  const invitable = !employee.lastSignInTime && employee.email !== "" && !disabled;
  const managing: MenuProps["items"] = [
    { key: "edit", label: t("common.edit"), onClick: () => onEdit(employee) },
    ...(invitable ? [{ key: "invite", label: t("security.invite.again"), onClick: () => actions.invite(employee) }] : []),
    { key: "reset", label: t("identity.employee.reset"), onClick: () => actions.resetPassword(employee) },
    { key: "resetFactors", label: t("security.resetFactors.action"), disabled: own, onClick: () => actions.resetFactors(employee) },
    disabled
      ? { key: "enable", label: t("identity.employee.enable"), onClick: () => actions.enable(employee) }
      : { key: "disable", label: t("identity.employee.disable"), disabled: own, onClick: () => actions.disable(employee) },
    { type: "divider" },
    { key: "delete", label: t("common.delete"), danger: true, disabled: own, onClick: () => actions.remove(employee) },
  ];
  const handOver = { key: "handOver", label: t("identity.employee.handOver"), onClick: () => void navigate(`/handovers?from=${employee.id}`) };
  const items: MenuProps["items"] = [...(explains ? [explain] : []), ...(hands ? [handOver] : []), ...(manages ? managing : [])];
  return (
    <Dropdown trigger={["click"]} menu={{ items }} placement="bottomRight">
      <Button type="text" icon={<EllipsisOutlined />} aria-label={t("identity.employee.actionsOf", { name: employee.displayName })} />
    </Dropdown>
  );
}
