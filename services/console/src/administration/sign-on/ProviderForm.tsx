import { useState } from "react";
import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Checkbox, Divider, Flex, Form, Input, Select, Switch, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { IdentityProvider } from "@/api/types";
import { useAccess } from "@/app/access";
import { useRoles } from "@/identity/api";
import { GroupPicker } from "@/identity/groups/GroupPicker";
import { roleName } from "@/identity/roles/names";
import { FormDrawer } from "@/shared/FormDrawer";
import { useNotices } from "@/shared/notices";
import { createProvider, updateProvider, useProvidersChanged } from "./api";
import { blank, providerChanges, providerValues, type ProviderValues } from "./values";

interface ProviderFormProps {
  /** Left out: a new one. */
  provider: IdentityProvider | undefined;
  open: boolean;
  onClose: () => void;
}

export function ProviderForm({ provider, open, onClose }: ProviderFormProps) {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useProvidersChanged();
  const [removeSecret, setRemoveSecret] = useState(false);
  const before = provider ? providerValues(provider) : blank;
  const required = { required: true, message: t("common.required") };

  const submit = async (values: ProviderValues) => {
    const complete: ProviderValues = { ...before, ...values, defaultGroupId: values.defaultGroupId ?? "", roleMappings: values.roleMappings ?? [] };
    if (provider) {
      const changes = providerChanges(before, complete, removeSecret);
      if (Object.keys(changes).length > 0) await updateProvider(provider.id, { ...changes, etag: provider.etag });
    } else {
      await createProvider(complete);
    }
    notices.done(t("common.saved"));
    await changed();
  };
  const close = () => {
    setRemoveSecret(false);
    onClose();
  };
  return (
    <FormDrawer<ProviderValues>
      open={open}
      record={provider}
      size={640}
      title={provider ? t("administration.provider.edit", { name: provider.name }) : t("administration.provider.create")}
      initialValues={before}
      submitText={provider ? undefined : t("common.create")}
      onClose={close}
      onSubmit={submit}
      testId="provider-form"
    >
      <Form.Item name="name" label={t("administration.provider.name")} rules={[required]} extra={t("administration.provider.nameHint")}>
        <Input maxLength={64} autoComplete="off" />
      </Form.Item>
      <Form.Item name="issuer" label={t("administration.provider.issuer")} rules={[required, { pattern: /^https?:\/\/[^\s?#]+$/, message: t("administration.provider.issuerWrong") }]} extra={t("administration.provider.issuerHint")}>
        <Input maxLength={500} autoComplete="off" inputMode="url" placeholder="https://" />
      </Form.Item>
      <Form.Item name="clientId" label={t("administration.provider.clientId")} rules={[required]}>
        <Input maxLength={200} autoComplete="off" />
      </Form.Item>
      <Form.Item
        name="clientSecret"
        label={t("administration.provider.clientSecret")}
        extra={
          provider?.clientSecretSet ? (
            <Checkbox checked={removeSecret} onChange={(event) => setRemoveSecret(event.target.checked)}>
              {t("administration.provider.removeSecret")}
            </Checkbox>
          ) : (
            t("administration.provider.secretHint")
          )
        }
      >
        <Input.Password maxLength={500} autoComplete="new-password" disabled={removeSecret} placeholder={provider?.clientSecretSet ? t("administration.provider.secretKept") : undefined} />
      </Form.Item>
      <Form.Item name="scopes" label={t("administration.provider.scopes")} extra={t("administration.provider.scopesHint")}>
        <Select mode="tags" maxCount={20} tokenSeparators={[" ", ","]} options={["profile", "email", "groups"].map((value) => ({ value, label: value }))} />
      </Form.Item>
      <Divider titlePlacement="start">{t("administration.provider.people")}</Divider>
      <Form.Item name="createEmployees" label={t("administration.provider.createEmployees")} valuePropName="checked" extra={t("administration.provider.createHint")}>
        <Switch />
      </Form.Item>
      <Form.Item name="defaultGroupId" label={t("administration.provider.defaultGroup")}>
        <GroupPicker allowClear placeholder={t("identity.employee.ungrouped")} />
      </Form.Item>
      <Form.Item name="trustEmail" label={t("administration.provider.trustEmail")} valuePropName="checked" extra={t("administration.provider.trustHint")}>
        <Switch />
      </Form.Item>
      <Form.Item name="trustSecondFactor" label={t("administration.provider.trustSecondFactor")} valuePropName="checked" extra={t("administration.provider.trustSecondFactorHint")}>
        <Switch />
      </Form.Item>
      <Divider titlePlacement="start">{t("administration.provider.roles")}</Divider>
      <Form.Item name="groupClaim" label={t("administration.provider.groupClaim")} extra={t("administration.provider.groupClaimHint")}>
        <Input maxLength={200} autoComplete="off" placeholder="groups" />
      </Form.Item>
      <Mappings />
      <Divider />
      <Form.Item name="enabled" label={t("administration.provider.enabled")} valuePropName="checked">
        <Switch />
      </Form.Item>
    </FormDrawer>
  );
}

const mostMappings = 200;

function Mappings() {
  const { t } = useTranslation();
  const { can } = useAccess();
  const roles = useRoles(can("PERMISSION_ROLES_READ"));
  const required = { required: true, message: t("common.required") };
  return (
    <Form.Item label={t("administration.provider.mappings")} extra={t("administration.provider.mappingsHint")}>
      <Form.List name="roleMappings">
        {(fields, { add, remove }) => (
          <Flex vertical gap={8}>
            {fields.map((field) => (
              <Flex key={field.key} gap={8} align="flex-start">
                <Form.Item name={[field.name, "providerGroup"]} rules={[required]} style={{ flex: 1, margin: 0 }}>
                  <Input maxLength={200} placeholder={t("administration.provider.providerGroup")} aria-label={t("administration.provider.providerGroup")} />
                </Form.Item>
                <Typography.Text type="secondary" style={{ lineHeight: "32px" }} aria-hidden>
                  →
                </Typography.Text>
                <Form.Item name={[field.name, "roleId"]} rules={[required]} style={{ flex: 1, margin: 0 }}>
                  <Select
                    aria-label={t("administration.provider.role")}
                    placeholder={t("administration.provider.role")}
                    loading={roles.isFetching}
                    showSearch={{ optionFilterProp: "label" }}
                    options={roles.data?.filter((role) => role.audience !== "ROLE_AUDIENCE_CUSTOMERS").map((role) => ({ value: role.id, label: roleName(t, role.name) }))}
                  />
                </Form.Item>
                <Button type="text" icon={<DeleteOutlined />} onClick={() => remove(field.name)} aria-label={t("common.remove")} title={t("common.remove")} />
              </Flex>
            ))}
            {fields.length < mostMappings && (
              <Button type="dashed" icon={<PlusOutlined />} onClick={() => add({ providerGroup: "", roleId: undefined })}>
                {t("administration.provider.addMapping")}
              </Button>
            )}
          </Flex>
        )}
      </Form.List>
    </Form.Item>
  );
}
