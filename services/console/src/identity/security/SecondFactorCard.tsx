import { useState } from "react";
import { KeyOutlined, MobileOutlined } from "@ant-design/icons";
import { useMutation } from "@tanstack/react-query";
import { Button, Card, Flex, Popconfirm, Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { Credential, Profile } from "@/api/types";
import { useActs } from "@/shared/acts";
import { useNotices } from "@/shared/notices";
import { Loaded } from "@/shared/states";
import { Time } from "@/shared/Time";
import { AddFactor } from "./AddFactor";
import { createRecoveryCodes, deleteCredential, renameCredential, useCredentials, useCredentialsChanged } from "./api";
import { RecoveryCodes } from "./RecoveryCodes";

/** Authenticator apps, passkeys and recovery codes of one's own. */
export function SecondFactorCard({ profile }: { profile: Profile }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const credentials = useCredentials();
  const changed = useCredentialsChanged();
  const [codes, setCodes] = useState<string[]>();
  const renew = useMutation({
    mutationFn: createRecoveryCodes,
    onSuccess: ({ recoveryCodes }) => setCodes(recoveryCodes),
    onError: notices.fault,
    onSettled: changed,
  });
  const on = profile.secondFactorSet;
  return (
    <Card
      title={t("security.factors.title")}
      extra={<Tag color={on ? "green" : profile.secondFactorRequired ? "red" : "default"}>{t(on ? "security.factors.on" : "security.factors.off")}</Tag>}
      data-testid="second-factors"
    >
      <Typography.Paragraph type="secondary">{t(profile.secondFactorRequired ? "security.factors.textRequired" : "security.factors.text")}</Typography.Paragraph>
      <Loaded query={credentials} small>
        {({ credentials: list, recoveryCodesLeft }) => (
          <Flex vertical gap={16}>
            {list.length > 0 && (
              <Flex vertical gap={12} component="ul" style={{ listStyle: "none", margin: 0, padding: 0 }}>
                {list.map((credential) => (
                  <li key={credential.id}>
                    <CredentialRow credential={credential} last={list.length === 1} needed={list.length === 1 && profile.secondFactorRequired} />
                  </li>
                ))}
              </Flex>
            )}
            <AddFactor onAdded={(recoveryCodes) => (recoveryCodes.length > 0 ? setCodes(recoveryCodes) : notices.done(t("common.saved")))} />
            {list.length > 0 && (
              <Flex align="center" justify="space-between" gap={12} wrap>
                <Typography.Text type={recoveryCodesLeft < 3 ? "danger" : "secondary"}>{t("security.recovery.left", { count: recoveryCodesLeft })}</Typography.Text>
                <Popconfirm title={t("security.recovery.renewTitle")} onConfirm={() => renew.mutate()}>
                  <Button size="small" loading={renew.isPending} data-testid="renew-codes">
                    {t("security.recovery.renew")}
                  </Button>
                </Popconfirm>
              </Flex>
            )}
          </Flex>
        )}
      </Loaded>
      <RecoveryCodes codes={codes} onClose={() => setCodes(undefined)} />
    </Card>
  );
}

interface CredentialRowProps {
  credential: Credential;
  last: boolean;
  /** A role of its owner demands one, and it is the last. */
  needed: boolean;
}

function CredentialRow({ credential, last, needed }: CredentialRowProps) {
  const { t } = useTranslation();
  const { attempt } = useActs(useCredentialsChanged());
  const isPasskey = credential.kind === "SECOND_FACTOR_PASSKEY";
  const rename = (text: string) => {
    const name = text.trim();
    if (name && name !== credential.name) void attempt(() => renameCredential(credential.id, name, credential.etag), t("common.saved"));
  };
  return (
    <Flex align="center" gap={12}>
      {isPasskey ? <KeyOutlined aria-hidden /> : <MobileOutlined aria-hidden />}
      <Flex vertical flex={1} style={{ minWidth: 0 }}>
        <Typography.Text editable={{ onChange: rename, maxLength: 64, tooltip: t("security.factors.rename"), triggerType: ["icon"] }}>{credential.name}</Typography.Text>
        <Typography.Text type="secondary" style={{ fontSize: 12 }}>
          {t(isPasskey ? "security.proof.kinds.passkey" : "security.factors.app")} · {t("security.factors.added")} <Time value={credential.createTime} as="date" />
          {credential.lastUseTime && (
            <>
              {" · "}
              {t("identity.sessions.lastUse")} <Time value={credential.lastUseTime} as="relative" />
            </>
          )}
        </Typography.Text>
        {needed && (
          <Typography.Text type="secondary" style={{ fontSize: 12 }}>
            {t("security.factors.needed")}
          </Typography.Text>
        )}
      </Flex>
      <Popconfirm
        title={t("security.factors.removeTitle", { name: credential.name })}
        description={last ? t("security.factors.removeLast") : undefined}
        disabled={needed}
        onConfirm={() => attempt(() => deleteCredential(credential.id), t("common.deleted"))}
      >
        <Button size="small" danger disabled={needed}>
          {t("common.remove")}
        </Button>
      </Popconfirm>
    </Flex>
  );
}
