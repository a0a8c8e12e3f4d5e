import { useState } from "react";
import { Alert, App, Button, Drawer, Flex, Input, Radio, Switch, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { PermissionEntry, PersonalData, Role, RoleAudience, Visibility } from "@/api/types";
import { useActs } from "@/shared/acts";
import { Authors } from "@/shared/Authors";
import { changedFields, same } from "@/shared/changes";
import { useFocusReturn } from "@/shared/drawer";
import { FormFault } from "@/shared/FormFault";
import { useNotices } from "@/shared/notices";
import { usePhone } from "@/shared/usePhone";
import { createRole, deleteRole, updateRole, useOrganizationChanged } from "../api";
import { roleName } from "./names";
import { RoleEffect } from "./RoleEffect";
import { serviceKey } from "./RoleMatrix";
import { ScopeTable } from "./ScopeTable";
import { byService, catalogFor, draftOf, effects, forCustomers, groupsMissing, roleInput, withAudience, withScope } from "./scopes";
import { VisibilityTable } from "./VisibilityTable";

interface RoleEditorProps {
  role: Role | undefined;
  permissions: PermissionEntry[];
  manages: boolean;
  onClose: () => void;
}

const audiences: RoleAudience[] = ["ROLE_AUDIENCE_EMPLOYEES", "ROLE_AUDIENCE_CUSTOMERS"];

/** One role: permissions × scope, and how its holders see personal data. */
export function RoleEditor({ role, permissions, manages, onClose }: RoleEditorProps) {
  const { t } = useTranslation();
  const { modal } = App.useApp();
  const phone = usePhone();
  const notices = useNotices();
  const changed = useOrganizationChanged();
  const { askToDelete } = useActs(changed);
  const before = draftOf(role);
  const [draft, setDraft] = useState(before);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>();
  useFocusReturn();
  const isAdministrator = role?.preset === "administrator";
  const editable = manages && !isAdministrator;
  const incomplete = draft.name.trim() === "" || groupsMissing(draft.grants);
  const portal = forCustomers(draft.audience);

  const save = async () => {
    setBusy(true);
    setFault(undefined);
    try {
      const input = roleInput(draft);
      if (role) await updateRole(role.id, { ...changedFields(roleInput(before), input), etag: role.etag });
      else await createRole(input);
      notices.done(t("common.saved"));
      onClose();
    } catch (error) {
      setFault(error);
    } finally {
      setBusy(false);
      await changed();
    }
  };
  const remove = () =>
    role &&
    askToDelete({
      title: t("identity.role.deleteTitle", { name: roleName(t, role.name) }),
      content: t("common.cannotUndo"),
      work: () => deleteRole(role.id, role.etag).then(onClose),
      onFault: ({ reason, detail }) => {
        if (reason !== "ROLE_IN_USE") return false;
        modal.warning({ title: t("identity.role.inUse"), content: detail });
        return true;
      },
    });
  const setVisibility = (kind: PersonalData, visibility: Visibility) => {
    const rest = draft.fieldVisibilities.filter((entry) => entry.personalData !== kind);
    setDraft({ ...draft, fieldVisibilities: [...rest, { personalData: kind, visibility }] });
  };

  return (
    <Drawer
      open
      title={role ? roleName(t, role.name) : t("identity.role.create")}
      size={phone ? window.innerWidth : 900}
      onClose={onClose}
      data-testid="role-editor"
      footer={
        manages && (
          <Flex justify="space-between">
            <span>
              {role && !isAdministrator && (
                <Button danger onClick={remove}>
                  {t("common.delete")}
                </Button>
              )}
            </span>
            <Flex gap={8}>
              <Button onClick={onClose}>{t("common.cancel")}</Button>
              <Button type="primary" loading={busy} disabled={incomplete || same(before, draft)} onClick={() => void save()} data-testid="submit">
                {t("common.save")}
              </Button>
            </Flex>
          </Flex>
        )
      }
    >
      <Flex vertical gap={20}>
        <FormFault fault={fault} />
        {isAdministrator && <Alert type="info" showIcon title={t("identity.role.administrator")} />}
        <Flex vertical gap={12}>
          <Labelled label={t("identity.role.name")} id="role-name" required={editable}>
            <Input id="role-name" required aria-required autoFocus={!role} value={draft.name} disabled={!editable} maxLength={64} onChange={(event) => setDraft({ ...draft, name: event.target.value })} />
          </Labelled>
          <Labelled label={t("identity.role.description")} id="role-description">
            <Input.TextArea id="role-description" value={draft.description} disabled={!editable} maxLength={500} autoSize={{ minRows: 1, maxRows: 4 }} onChange={(event) => setDraft({ ...draft, description: event.target.value })} />
          </Labelled>
        </Flex>
        <Flex gap={32} wrap>
          <div>
            <div style={{ marginBottom: 4 }}>{t("identity.role.audience")}</div>
            <Radio.Group
              aria-label={t("identity.role.audience")}
              value={draft.audience}
              // Whom a role is for never changes: its holders are of the one kind or the other.
              disabled={!editable || role !== undefined}
              onChange={(event) => setDraft(withAudience(draft, event.target.value as RoleAudience, permissions))}
              optionType="button"
              options={audiences.map((audience) => ({ value: audience, label: t(`enums.RoleAudience.${audience}`) }))}
            />
          </div>
          <div>
            <label htmlFor="role-second-factor" style={{ display: "block", marginBottom: 4 }}>
              {t("identity.role.secondFactor")}
            </label>
            <Flex align="center" gap={10}>
              <Switch
                id="role-second-factor"
                checked={draft.secondFactorRequired}
                disabled={!manages}
                onChange={(secondFactorRequired) => setDraft({ ...draft, secondFactorRequired })}
              />
              <Typography.Text type="secondary">{t("identity.role.secondFactorHint")}</Typography.Text>
            </Flex>
          </div>
        </Flex>
        {portal && <Alert type="info" showIcon title={t("identity.role.portalHint")} />}
        {byService(catalogFor(draft.audience, permissions)).map(([service, entries]) => (
          <ScopeTable
            key={service}
            title={t(`identity.services.${serviceKey(service)}`)}
            entries={entries}
            grants={draft.grants}
            onChoose={({ permission }, choice, groupIds) => setDraft({ ...draft, grants: withScope(draft.grants, permission, choice, groupIds) })}
            editable={editable}
            phone={phone}
          />
        ))}
        <VisibilityTable visibilities={draft.fieldVisibilities} onChoose={setVisibility} editable={editable} />
        {role && <RoleEffect effects={effects(before.grants, draft.grants, permissions)} holders={role.holderCount} />}
        {role && <Authors record={role} />}
      </Flex>
    </Drawer>
  );
}

function Labelled({ label, id, required, children }: { label: string; id: string; required?: boolean; children: React.ReactNode }) {
  return (
    <div>
      <label htmlFor={id} style={{ display: "block", marginBottom: 4 }}>
        {required && (
          <Typography.Text type="danger" aria-hidden>
            *{" "}
          </Typography.Text>
        )}
        {label}
      </label>
      {children}
    </div>
  );
}

