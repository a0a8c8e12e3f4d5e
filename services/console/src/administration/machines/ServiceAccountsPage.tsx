import { useState } from "react";
import { EllipsisOutlined, PlusOutlined, RobotOutlined } from "@ant-design/icons";
import { Button, Card, Dropdown, Flex, Table, Tabs, Tag, Typography, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import { usePages } from "@/api/pages";
import type { ServiceAccount } from "@/api/types";
import { roleName } from "@/identity/roles/names";
import { useActs } from "@/shared/acts";
import { LoadMore } from "@/shared/LoadMore";
import { PageHeader } from "@/shared/PageHeader";
import { Loaded, Nothing } from "@/shared/states";
import { Time } from "@/shared/Time";
import { usePhone } from "@/shared/usePhone";
import { deleteServiceAccount, disableServiceAccount, enableServiceAccount, listApiKeys, revokeApiKey, useMachinesChanged, useServiceAccounts } from "./api";
import { KeyList } from "./KeyList";
import { KeysDrawer } from "./KeysDrawer";
import { ServiceAccountForm } from "./ServiceAccountForm";

export function ServiceAccountsPage() {
  const { t } = useTranslation();
  const phone = usePhone();
  const accounts = useServiceAccounts();
  const [editing, setEditing] = useState<ServiceAccount | "new">();
  const [keysOf, setKeysOf] = useState<string>();
  const rows = accounts.data ?? [];
  const handlers = { onEdit: setEditing, onKeys: (account: ServiceAccount) => setKeysOf(account.id) };
  return (
    <>
      <PageHeader
        title={t("app.menu.serviceAccounts")}
        subtitle={t("administration.machine.subtitle")}
        actions={
          <Button type="primary" icon={<PlusOutlined />} onClick={() => setEditing("new")} data-testid="create-service-account">
            {t("administration.machine.create")}
          </Button>
        }
      />
      <Card styles={{ body: { padding: phone ? 12 : 16 } }}>
        <Tabs
          destroyOnHidden
          items={[
            {
              key: "accounts",
              label: t("administration.machine.accounts"),
              children: (
                <Loaded query={accounts} small>
                  {(list) => (list.length === 0 ? <Nothing text={t("administration.machine.empty")} /> : phone ? <AccountCards rows={list} {...handlers} /> : <AccountTable rows={list} {...handlers} />)}
                </Loaded>
              ),
            },
            { key: "keys", label: t("administration.machine.allKeys"), children: <AllKeys /> },
          ]}
        />
      </Card>
      <ServiceAccountForm
        account={editing === "new" ? undefined : editing}
        open={editing !== undefined}
        onClose={() => setEditing(undefined)}
        // Without a key an account can do nothing, so its keys come next.
        onCreated={(account) => setKeysOf(account.id)}
      />
      <KeysDrawer account={rows.find((account) => account.id === keysOf)} onClose={() => setKeysOf(undefined)} />
    </>
  );
}

/** The keys of everybody: who holds them, when they were used last and when they end. */
function AllKeys() {
  const { t } = useTranslation();
  const changed = useMachinesChanged();
  const keys = usePages(["apiKeys", "all"], (pageToken) => listApiKeys(undefined, pageToken));
  return (
    <Flex vertical gap={16}>
      <Typography.Text type="secondary">{t("administration.machine.allKeysHint")}</Typography.Text>
      <Loaded query={keys} small>
        {({ pages }) => <KeyList keys={pages.flatMap((page) => page.apiKeys)} revoke={(key) => revokeApiKey(key.id)} onChanged={changed} withHolder />}
      </Loaded>
      <LoadMore query={keys} />
    </Flex>
  );
}

interface ListProps {
  rows: ServiceAccount[];
  onEdit: (account: ServiceAccount) => void;
  onKeys: (account: ServiceAccount) => void;
}

function AccountTable({ rows, ...handlers }: ListProps) {
  const { t } = useTranslation();
  const columns: TableColumnsType<ServiceAccount> = [
    {
      title: t("administration.machine.name"),
      key: "name",
      render: (_, account) => (
        <Flex gap={8} align="center">
          <RobotOutlined />
          <strong>{account.displayName}</strong>
        </Flex>
      ),
    },
    { title: t("identity.employee.roles"), key: "roles", render: (_, account) => <RoleTags account={account} /> },
    { title: t("identity.employee.group"), key: "group", render: (_, account) => account.groupName || <Typography.Text type="secondary">{t("identity.employee.ungrouped")}</Typography.Text> },
    { title: t("administration.machine.keys"), key: "keys", render: (_, account) => <KeysButton account={account} onKeys={handlers.onKeys} /> },
    { title: t("identity.employee.state"), key: "state", render: (_, account) => <State account={account} /> },
    { title: t("administration.key.created"), key: "time", responsive: ["lg"], render: (_, account) => <Time value={account.createTime} as="date" /> },
    { title: <span className="heard-only">{t("common.actions")}</span>, key: "actions", width: 56, render: (_, account) => <AccountMenu account={account} {...handlers} /> },
  ];
  return <Table<ServiceAccount> rowKey="id" size="middle" columns={columns} dataSource={rows} pagination={false} data-testid="service-accounts" />;
}

function AccountCards({ rows, ...handlers }: ListProps) {
  return (
    <Flex vertical gap={8} data-testid="service-accounts">
      {rows.map((account) => (
        <Card key={account.id} size="small">
          <Flex gap={12} align="center">
            <RobotOutlined />
            <Flex vertical flex={1} gap={4} style={{ minWidth: 0 }}>
              <Flex gap={8} wrap align="center">
                <strong>{account.displayName}</strong>
                <State account={account} />
              </Flex>
              <RoleTags account={account} />
              <div>
                <KeysButton account={account} onKeys={handlers.onKeys} />
              </div>
            </Flex>
            <AccountMenu account={account} {...handlers} />
          </Flex>
        </Card>
      ))}
    </Flex>
  );
}

function RoleTags({ account }: { account: ServiceAccount }) {
  const { t } = useTranslation();
  return (
    <Flex wrap gap={4}>
      {account.roleNames.map((name) => (
        <Tag key={name} variant="filled" color="blue" style={{ margin: 0 }}>
          {roleName(t, name)}
        </Tag>
      ))}
    </Flex>
  );
}

function State({ account }: { account: ServiceAccount }) {
  const { t } = useTranslation();
  const disabled = account.state === "EMPLOYEE_STATE_DISABLED";
  return (
    <Tag color={disabled ? undefined : "green"} style={{ margin: 0 }}>
      {t(`enums.EmployeeState.${account.state}`)}
    </Tag>
  );
}

function KeysButton({ account, onKeys }: { account: ServiceAccount; onKeys: (account: ServiceAccount) => void }) {
  const { t } = useTranslation();
  return (
    <Button type="link" size="small" style={{ padding: 0 }} onClick={() => onKeys(account)} title={t("administration.key.titleOf", { name: account.displayName })}>
      {t("administration.machine.keyCount", { count: account.keyCount })}
    </Button>
  );
}

function AccountMenu({ account, onEdit, onKeys }: { account: ServiceAccount } & Omit<ListProps, "rows">) {
  const { t } = useTranslation();
  const { attempt, ask, askToDelete } = useActs(useMachinesChanged());
  const name = account.displayName;
  const items = [
    { key: "edit", label: t("common.edit"), onClick: () => onEdit(account) },
    { key: "keys", label: t("administration.machine.keys"), onClick: () => onKeys(account) },
    account.state === "EMPLOYEE_STATE_DISABLED"
      ? { key: "enable", label: t("identity.employee.enable"), onClick: () => void attempt(() => enableServiceAccount(account.id, account.etag), t("identity.employee.enabled")) }
      : {
          key: "disable",
          label: t("identity.employee.disable"),
          onClick: () =>
            ask({
              title: t("identity.employee.disableTitle", { name }),
              content: t("administration.machine.disableText"),
              okText: t("identity.employee.disable"),
              work: () => attempt(() => disableServiceAccount(account.id, account.etag), t("administration.machine.disabled")),
            }),
        },
    { type: "divider" as const },
    {
      key: "delete",
      label: t("common.delete"),
      danger: true,
      onClick: () =>
        askToDelete({
          title: t("identity.employee.deleteTitle", { name }),
          content: t("administration.machine.deleteText"),
          work: () => deleteServiceAccount(account.id, account.etag),
        }),
    },
  ];
  return (
    <Dropdown trigger={["click"]} menu={{ items }} placement="bottomRight">
      <Button type="text" icon={<EllipsisOutlined />} aria-label={t("identity.employee.actionsOf", { name })} />
    </Dropdown>
  );
}
