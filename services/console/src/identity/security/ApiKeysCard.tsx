import { useState } from "react";
import { PlusOutlined } from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { Button, Card, Flex, Popconfirm, Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { ApiKey, Permission } from "@/api/types";
import { useNotices } from "@/shared/notices";
import { ShownOnce } from "@/shared/ShownOnce";
import { Loaded, Nothing } from "@/shared/states";
import { Time } from "@/shared/Time";
import { createPersonalKey, usePersonalKeys, useRevokePersonalKey } from "./api";
import { ApiKeyForm } from "./ApiKeyForm";
import { keyState } from "./keys";

/** Keys for scripts that act in one's own name. */
export function ApiKeysCard({ permissions }: { permissions: Permission[] }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const keys = usePersonalKeys();
  const [creating, setCreating] = useState(false);
  const [shown, setShown] = useState<{ name: string; key: string }>();
  return (
    <Card
      title={t("security.keys.title")}
      extra={
        <Button size="small" icon={<PlusOutlined />} onClick={() => setCreating(true)} data-testid="create-api-key">
          {t("security.keys.create")}
        </Button>
      }
      data-testid="api-keys"
    >
      <Typography.Paragraph type="secondary">{t("security.keys.text")}</Typography.Paragraph>
      <Loaded query={keys} small>
        {(list) =>
          list.length === 0 ? (
            <Nothing small text={t("security.keys.empty")} />
          ) : (
            <Flex vertical gap={12} component="ul" style={{ listStyle: "none", margin: 0, padding: 0 }}>
              {list.map((key) => (
                <li key={key.id}>
                  <KeyRow apiKey={key} />
                </li>
              ))}
            </Flex>
          )
        }
      </Loaded>
      <ApiKeyForm
        open={creating}
        permissions={permissions}
        onClose={() => setCreating(false)}
        onSubmit={async (input) => {
          const { apiKey, key } = await createPersonalKey(input);
          setShown({ name: apiKey?.name ?? "", key });
          await queries.invalidateQueries({ queryKey: ["personalKeys"] });
        }}
      />
      <ShownOnce
        title={t("security.keys.created")}
        hint={t("security.keys.once")}
        items={shown && [{ label: shown.name, value: shown.key, secret: true, testId: "api-key" }]}
        onClose={() => setShown(undefined)}
      />
    </Card>
  );
}

function KeyRow({ apiKey: key }: { apiKey: ApiKey }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const revoke = useRevokePersonalKey();
  const state = keyState(key);
  return (
    <Flex align="center" gap={12}>
      <Flex vertical flex={1} style={{ minWidth: 0, opacity: state === "live" ? 1 : 0.6 }}>
        <span>
          {key.name} {state !== "live" && <Tag>{t(`security.keys.states.${state}`)}</Tag>}
        </span>
        <Typography.Text type="secondary" style={{ fontSize: 12 }}>
          {key.permissions.length === 0 ? t("security.keys.everything") : key.permissions.map((permission) => t(`enums.Permission.${permission}`)).join(", ")}
        </Typography.Text>
        <Typography.Text type="secondary" style={{ fontSize: 12 }}>
          {key.lastUseTime ? (
            <>
              {key.lastUseAddress} · {t("identity.sessions.lastUse")} <Time value={key.lastUseTime} as="relative" />
            </>
          ) : (
            t("security.keys.unused")
          )}
          {" · "}
          {key.expireTime ? (
            <>
              {t("security.keys.until")} <Time value={key.expireTime} as="date" />
            </>
          ) : (
            t("security.keys.forEver")
          )}
        </Typography.Text>
      </Flex>
      {state === "live" && (
        <Popconfirm
          title={t("security.keys.revokeTitle", { name: key.name })}
          onConfirm={() => revoke.mutateAsync(key.id).then(() => notices.done(t("security.keys.revoked")), notices.fault)}
        >
          <Button size="small" danger>
            {t("security.keys.revoke")}
          </Button>
        </Popconfirm>
      )}
    </Flex>
  );
}
