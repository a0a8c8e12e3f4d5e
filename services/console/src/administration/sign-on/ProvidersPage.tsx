import { useState } from "react";
import { PlusOutlined } from "@ant-design/icons";
import { Button, Card, Col, Descriptions, Flex, Row, Switch, Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { IdentityProvider } from "@/api/types";
import { useActs } from "@/shared/acts";
import { PageHeader } from "@/shared/PageHeader";
import { RowActions } from "@/shared/RowActions";
import { Loaded, Nothing } from "@/shared/states";
import { deleteProvider, updateProvider, useProviders, useProvidersChanged } from "./api";
import { ProviderForm } from "./ProviderForm";

export function ProvidersPage() {
  const { t } = useTranslation();
  const providers = useProviders();
  const [editing, setEditing] = useState<IdentityProvider | "new">();
  return (
    <>
      <PageHeader
        title={t("app.menu.identityProviders")}
        subtitle={t("administration.provider.subtitle")}
        actions={
          <Button type="primary" icon={<PlusOutlined />} onClick={() => setEditing("new")} data-testid="create-provider">
            {t("administration.provider.create")}
          </Button>
        }
      />
      <Loaded query={providers}>
        {(list) =>
          list.length === 0 ? (
            <Card>
              <Nothing text={t("administration.provider.empty")} />
            </Card>
          ) : (
            <Row gutter={[16, 16]} data-testid="providers">
              {list.map((provider) => (
                <Col key={provider.id} xs={24} xl={12}>
                  <ProviderCard provider={provider} onEdit={() => setEditing(provider)} />
                </Col>
              ))}
            </Row>
          )
        }
      </Loaded>
      <ProviderForm provider={editing === "new" ? undefined : editing} open={editing !== undefined} onClose={() => setEditing(undefined)} />
    </>
  );
}

function ProviderCard({ provider, onEdit }: { provider: IdentityProvider; onEdit: () => void }) {
  const { t } = useTranslation();
  const { attempt, askToDelete } = useActs(useProvidersChanged());
  const [busy, setBusy] = useState(false);
  const setEnabled = async (enabled: boolean) => {
    setBusy(true);
    await attempt(() => updateProvider(provider.id, { enabled, etag: provider.etag }), t("common.saved"));
    setBusy(false);
  };
  const remove = () =>
    askToDelete({
      title: t("administration.provider.deleteTitle", { name: provider.name }),
      content: t("administration.provider.deleteText"),
      work: () => deleteProvider(provider.id, provider.etag),
    });
  const rule = (text: string, color?: string) => (
    <Tag key={text} color={color} style={{ margin: 0 }}>
      {text}
    </Tag>
  );
  const rules = [
    !provider.clientSecretSet && rule(t("administration.provider.noSecret")),
    provider.createEmployees && rule(t("administration.provider.createEmployees"), "blue"),
    provider.trustEmail && rule(t("administration.provider.trustEmail"), "gold"),
    provider.trustSecondFactor && rule(t("administration.provider.trustSecondFactor"), "gold"),
    provider.roleMappings.length > 0 && rule(t("administration.provider.mappingCount", { count: provider.roleMappings.length })),
  ].filter(Boolean);
  return (
    <Card
      title={provider.name}
      style={{ height: "100%" }}
      extra={
        <Flex gap={8} align="center">
          <Switch
            checked={provider.enabled}
            loading={busy}
            checkedChildren={t("administration.provider.on")}
            unCheckedChildren={t("administration.provider.off")}
            aria-label={t("administration.provider.enabled")}
            onChange={(enabled) => void setEnabled(enabled)}
          />
          <RowActions
            name={provider.name}
            actions={[
              { label: t("common.edit"), run: onEdit },
              { label: t("common.delete"), danger: true, run: remove },
            ]}
          />
        </Flex>
      }
    >
      <Descriptions
        size="small"
        column={1}
        items={[
          { key: "issuer", label: t("administration.provider.issuer"), children: provider.issuer },
          { key: "clientId", label: t("administration.provider.clientId"), children: <Typography.Text code>{provider.clientId}</Typography.Text> },
          { key: "redirect", label: t("administration.provider.redirectUri"), children: <Typography.Text copyable>{provider.redirectUri}</Typography.Text> },
          ...(rules.length > 0 ? [{ key: "rules", label: t("administration.provider.rules"), children: <Flex gap={4} wrap>{rules}</Flex> }] : []),
        ]}
      />
    </Card>
  );
}
