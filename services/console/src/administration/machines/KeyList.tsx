import { useState } from "react";
import { KeyOutlined } from "@ant-design/icons";
import { Button, Flex, Popconfirm, Tag, Tooltip, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { ApiKey } from "@/api/types";
import { Authors } from "@/shared/Authors";
import { useNotices } from "@/shared/notices";
import { Nothing } from "@/shared/states";
import { Time } from "@/shared/Time";
import { keyState, type KeyState } from "./keys";

interface KeyListProps {
  keys: ApiKey[];
  revoke: (key: ApiKey) => Promise<unknown>;
  /** Called whether or not it went well. */
  onChanged: () => Promise<unknown>;
  withHolder?: boolean;
}

const colors: Record<KeyState, string> = { active: "green", expiring: "orange", expired: "default", revoked: "default" };

/** Who made it, and who ended it by hand. */
function KeyAuthors({ apiKey: { createUserId, createTime, revokeUserId, revokeTime } }: { apiKey: ApiKey }) {
  const { t } = useTranslation();
  return <Authors record={{ createUserId, createTime, updateUserId: revokeUserId, updateTime: revokeTime }} changedBy={(name) => t("administration.key.revokedBy", { name })} />;
}

export function KeyList({ keys, revoke, onChanged, withHolder = false }: KeyListProps) {
  const { t } = useTranslation();
  const notices = useNotices();
  const [now] = useState(() => Date.now());
  if (keys.length === 0) return <Nothing text={t("administration.key.empty")} />;
  const end = async (key: ApiKey) => {
    try {
      await revoke(key);
      notices.done(t("administration.key.revoked"));
    } catch (fault) {
      notices.fault(fault);
    } finally {
      await onChanged();
    }
  };
  return (
    <Flex vertical gap={14} component="ul" style={{ listStyle: "none", margin: 0, padding: 0 }} data-testid="api-keys">
      {keys.map((key) => {
        const state = keyState(key, now);
        const usable = state === "active" || state === "expiring";
        return (
          <li key={key.id}>
            <Flex gap={12} align="flex-start" style={{ opacity: usable ? 1 : 0.6 }}>
              <KeyOutlined style={{ marginTop: 4 }} />
              <Flex vertical flex={1} gap={2} style={{ minWidth: 0 }}>
                <Flex gap={8} wrap align="center">
                  <strong>{key.name}</strong>
                  <Tag color={colors[state]} style={{ margin: 0 }}>
                    {t(`administration.key.states.${state}`)}
                  </Tag>
                  {key.permissions.length > 0 && (
                    <Tooltip title={key.permissions.map((permission) => t(`enums.Permission.${permission}`)).join(" · ")}>
                      <Tag style={{ margin: 0 }}>{t("administration.key.confined", { count: key.permissions.length })}</Tag>
                    </Tooltip>
                  )}
                  {withHolder && <Typography.Text type="secondary">{key.holderName}</Typography.Text>}
                </Flex>
                <Typography.Text type="secondary" style={{ fontSize: 12 }}>
                  {key.expireTime ? (
                    <>
                      {t("administration.key.expires")} <Time value={key.expireTime} as="date" />
                    </>
                  ) : (
                    t("administration.key.neverExpires")
                  )}{" "}
                  ·{" "}
                  {key.lastUseTime ? (
                    <>
                      {t("administration.key.lastUse")} <Time value={key.lastUseTime} as="relative" /> {key.lastUseAddress && `(${key.lastUseAddress})`}
                    </>
                  ) : (
                    t("administration.key.neverUsed")
                  )}
                </Typography.Text>
                <KeyAuthors apiKey={key} />
              </Flex>
              {usable && (
                <Popconfirm title={t("administration.key.revokeTitle", { name: key.name })} description={t("administration.key.revokeText")} okButtonProps={{ danger: true }} onConfirm={() => end(key)}>
                  <Button size="small" danger aria-label={t("administration.key.revokeName", { name: key.name })}>
                    {t("administration.key.revoke")}
                  </Button>
                </Popconfirm>
              )}
            </Flex>
          </li>
        );
      })}
    </Flex>
  );
}
