import { useMemo, useState } from "react";
import { PlusOutlined } from "@ant-design/icons";
import { Button, Drawer } from "antd";
import { useTranslation } from "react-i18next";
import { usePages } from "@/api/pages";
import type { ServiceAccount } from "@/api/types";
import { useAccess } from "@/app/access";
import { useRoles } from "@/identity/api";
import { LoadMore } from "@/shared/LoadMore";
import { ShownOnce } from "@/shared/ShownOnce";
import { Loaded } from "@/shared/states";
import { usePhone } from "@/shared/usePhone";
import { createApiKey, listApiKeys, revokeApiKey, useMachinesChanged } from "./api";
import { KeyForm } from "./KeyForm";
import { KeyList } from "./KeyList";
import { permissionsOf } from "./keys";

/** The keys of one service account. */
export function KeysDrawer({ account, onClose }: { account: ServiceAccount | undefined; onClose: () => void }) {
  const { t } = useTranslation();
  const phone = usePhone();
  return (
    <Drawer open={account !== undefined} onClose={onClose} size={phone ? window.innerWidth : 620} title={account && t("administration.key.titleOf", { name: account.displayName })} destroyOnHidden data-testid="keys">
      {account && <Keys account={account} />}
    </Drawer>
  );
}

function Keys({ account }: { account: ServiceAccount }) {
  const { t } = useTranslation();
  const { can } = useAccess();
  const changed = useMachinesChanged();
  const [creating, setCreating] = useState(false);
  const [created, setCreated] = useState<{ name: string; key: string }>();
  const roles = useRoles(can("PERMISSION_ROLES_READ"));
  const permissions = useMemo(() => permissionsOf(account.roleIds, roles.data), [account.roleIds, roles.data]);
  const keys = usePages(["apiKeys", account.id], (pageToken) => listApiKeys(account.id, pageToken));
  return (
    <>
      <Button type="primary" icon={<PlusOutlined />} onClick={() => setCreating(true)} style={{ marginBottom: 20 }} data-testid="create-key">
        {t("administration.key.create")}
      </Button>
      <Loaded query={keys} small>
        {({ pages }) => <KeyList keys={pages.flatMap((page) => page.apiKeys)} revoke={(key) => revokeApiKey(key.id)} onChanged={changed} />}
      </Loaded>
      <LoadMore query={keys} />
      <KeyForm
        open={creating}
        title={t("administration.key.create")}
        permissions={permissions}
        create={(input) => createApiKey(account.id, input)}
        onClose={() => setCreating(false)}
        onCreated={(name, key) => {
          setCreated({ name, key });
          void changed();
        }}
      />
      <ShownOnce
        title={t("administration.key.secretTitle")}
        hint={t("administration.key.secretOnce")}
        items={
          created && [
            { label: t("administration.key.name"), value: created.name },
            { label: t("administration.key.key"), value: created.key, secret: true, testId: "api-key" },
          ]
        }
        onClose={() => setCreated(undefined)}
      />
    </>
  );
}
