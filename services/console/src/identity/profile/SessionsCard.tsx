import { LaptopOutlined, MobileOutlined } from "@ant-design/icons";
import { Button, Card, Flex, Popconfirm, Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { Session } from "@/api/types";
import { useNotices } from "@/shared/notices";
import { Loaded } from "@/shared/states";
import { Time } from "@/shared/Time";
import { useRevokeOtherSessions, useRevokeSession, useSessions } from "../api";

export function SessionsCard() {
  const { t } = useTranslation();
  const sessions = useSessions();
  const revokeOthers = useRevokeOtherSessions();
  const notices = useNotices();
  const others = sessions.data?.filter(({ current }) => !current).length ?? 0;
  return (
    <Card
      title={t("identity.sessions.title")}
      extra={
        others > 0 && (
          <Popconfirm
            title={t("security.sessions.othersTitle", { count: others })}
            onConfirm={() =>
              revokeOthers.mutateAsync().then(({ revokedCount }) => notices.done(t("security.sessions.othersDone", { count: revokedCount })), notices.fault)
            }
          >
            <Button size="small" danger loading={revokeOthers.isPending} data-testid="revoke-others">
              {t("security.sessions.others")}
            </Button>
          </Popconfirm>
        )
      }
    >
      <Typography.Paragraph type="secondary">{t("identity.sessions.text")}</Typography.Paragraph>
      <Loaded query={sessions} small>
        {(list) => (
          <Flex vertical gap={12} component="ul" style={{ listStyle: "none", margin: 0, padding: 0 }} data-testid="sessions">
            {list.map((session) => (
              <li key={session.id}>
                <SessionRow session={session} />
              </li>
            ))}
          </Flex>
        )}
      </Loaded>
    </Card>
  );
}

function SessionRow({ session }: { session: Session }) {
  const { t } = useTranslation();
  const revoke = useRevokeSession();
  const notices = useNotices();
  return (
    <Flex align="center" gap={12}>
      {/iOS|Android|HarmonyOS/.test(session.device) ? <MobileOutlined /> : <LaptopOutlined />}
      <Flex vertical flex={1} style={{ minWidth: 0 }}>
        <span>
          {session.device || t("identity.sessions.unnamed")} {session.current && <Tag color="green">{t("identity.sessions.current")}</Tag>}
        </span>
        <Typography.Text type="secondary" style={{ fontSize: 12 }}>
          {[session.place, session.address].filter(Boolean).join(" · ")} · {t("identity.sessions.lastUse")} <Time value={session.lastUseTime} as="relative" />
        </Typography.Text>
        <Typography.Text type="secondary" style={{ fontSize: 12 }}>
          {t("security.sessions.since")} <Time value={session.createTime} />
        </Typography.Text>
      </Flex>
      {!session.current && (
        <Popconfirm
          title={t("identity.sessions.revokeTitle")}
          onConfirm={() => revoke.mutateAsync(session.id).then(() => notices.done(t("identity.sessions.revoked")), notices.fault)}
        >
          <Button size="small" danger>
            {t("identity.sessions.revoke")}
          </Button>
        </Popconfirm>
      )}
    </Flex>
  );
}
