// What it takes to let a directory create and change people here by SCIM 2.0, and what it has done last.
import { useState } from "react";
import { RobotOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Alert, Button, Card, Flex, Steps, Table, Tag, Typography, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { ServiceAccount } from "@/api/types";
import { useAccess } from "@/app/access";
import { useRoles } from "@/identity/api";
import { PageHeader } from "@/shared/PageHeader";
import { Loaded, Nothing } from "@/shared/states";
import { Time } from "@/shared/Time";
import { usePhone } from "@/shared/usePhone";
import { listAuditEntries } from "../audit/api";
import { AuditCards, AuditTable } from "../audit/AuditList";
import { listApiKeys, useServiceAccounts } from "../machines/api";
import { KeysDrawer } from "../machines/KeysDrawer";
import { activityFilter, provisioners } from "./accounts";

export function ProvisioningPage() {
  const { t } = useTranslation();
  const { can } = useAccess();
  const accounts = useServiceAccounts();
  const roles = useRoles(can("PERMISSION_ROLES_READ"));
  const [keysOf, setKeysOf] = useState<string>();
  const clients = provisioners(accounts.data ?? [], roles.data);
  return (
    <>
      <PageHeader title={t("app.menu.provisioning")} subtitle={t("provisioning.subtitle")} />
      <Flex vertical gap={16}>
        <Card title={t("provisioning.setUp")}>
          <Steps
            orientation="vertical"
            size="small"
            current={-1}
            items={[
              { title: t("provisioning.role"), content: <Link to="/roles">{t("provisioning.roleHint")}</Link> },
              { title: t("provisioning.account"), content: <Link to="/service-accounts">{t("provisioning.accountHint")}</Link> },
              { title: t("provisioning.key"), content: t("provisioning.keyHint") },
              {
                title: t("provisioning.address"),
                content: (
                  <Typography.Text code copyable data-testid="scim-address">
                    {`${window.location.origin}/scim/v2`}
                  </Typography.Text>
                ),
              },
            ]}
          />
          <Alert type="info" showIcon title={t("provisioning.reach")} style={{ marginTop: 12 }} />
        </Card>
        <Card title={t("provisioning.clients")}>
          <Loaded query={accounts} small>
            {() => (clients.length === 0 ? <Nothing text={t("provisioning.noClients")} /> : <Clients clients={clients} onKeys={setKeysOf} />)}
          </Loaded>
        </Card>
        {can("PERMISSION_AUDIT_READ") && clients.length > 0 && <Activity clients={clients} />}
      </Flex>
      <KeysDrawer account={clients.find((account) => account.id === keysOf)} onClose={() => setKeysOf(undefined)} />
    </>
  );
}

function Clients({ clients, onKeys }: { clients: ServiceAccount[]; onKeys: (id: string) => void }) {
  const { t } = useTranslation();
  const columns: TableColumnsType<ServiceAccount> = [
    {
      title: t("administration.machine.name"),
      key: "name",
      render: (_, account) => (
        <Flex gap={8} align="center" wrap>
          <RobotOutlined />
          <strong>{account.displayName}</strong>
          {account.state === "EMPLOYEE_STATE_DISABLED" && <Tag style={{ margin: 0 }}>{t("enums.EmployeeState.EMPLOYEE_STATE_DISABLED")}</Tag>}
        </Flex>
      ),
    },
    {
      title: t("administration.machine.keys"),
      key: "keys",
      render: (_, account) => (
        <Button type="link" size="small" style={{ padding: 0 }} onClick={() => onKeys(account.id)}>
          {t("administration.machine.keyCount", { count: account.keyCount })}
        </Button>
      ),
    },
    { title: t("administration.key.lastUse"), key: "use", render: (_, account) => <LastUse account={account} /> },
  ];
  return <Table<ServiceAccount> rowKey="id" size="middle" columns={columns} dataSource={clients} pagination={false} data-testid="scim-clients" />;
}

function LastUse({ account }: { account: ServiceAccount }) {
  const { t } = useTranslation();
  const keys = useQuery({ queryKey: ["apiKeys", account.id, "last"], queryFn: () => listApiKeys(account.id) });
  const uses = keys.data?.apiKeys.flatMap(({ lastUseTime }) => lastUseTime ?? []).sort() ?? [];
  return uses.length > 0 ? <Time value={uses.at(-1)} as="relative" /> : <Typography.Text type="secondary">{t("administration.key.neverUsed")}</Typography.Text>;
}

/** The last changes that clients made. */
function Activity({ clients }: { clients: ServiceAccount[] }) {
  const { t } = useTranslation();
  const phone = usePhone();
  const filter = activityFilter(clients);
  const trail = useQuery({ queryKey: ["audit", "provisioning", filter], queryFn: () => listAuditEntries("identity", filter) });
  return (
    <Card title={t("provisioning.activity")} extra={<Link to="/audit?actorKind=ACTOR_KIND_SERVICE_ACCOUNT&service=identity">{t("provisioning.all")}</Link>}>
      <Loaded query={trail} small>
        {({ entries }) => {
          const shown = entries.slice(0, 20).map((entry) => ({ ...entry, service: "identity" as const }));
          if (shown.length === 0) return <Nothing text={t("provisioning.idle")} />;
          return phone ? <AuditCards entries={shown} /> : <AuditTable entries={shown} withService={false} />;
        }}
      </Loaded>
    </Card>
  );
}
