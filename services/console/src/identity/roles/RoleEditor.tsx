import { useState } from "react";
import { Alert, App, Button, Drawer, Flex, Input, Radio, Select, Table, Tooltip, Typography, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import type { FieldVisibility, PermissionEntry, PersonalData, Role, Visibility } from "@/api/types";
import { asProblem } from "@/api/problem";
import { changedFields, same } from "@/shared/changes";
import { useFocusReturn } from "@/shared/drawer";
import { FormFault } from "@/shared/FormFault";
import { useNotices } from "@/shared/notices";
import { usePhone } from "@/shared/usePhone";
import { createRole, deleteRole, updateRole, useOrganizationChanged } from "../api";
import { Operations, serviceKey } from "./RoleMatrix";
import { allScopes, byService, roleInput, scopeOf, withScope, type ScopeChoice } from "./scopes";

interface RoleEditorProps {
  role: Role | undefined;
  permissions: PermissionEntry[];
  manages: boolean;
  onClose: () => void;
}

type Draft = Pick<Role, "name" | "description" | "grants" | "fieldVisibilities">;

const personalData: PersonalData[] = [
  "PERSONAL_DATA_PHONE",
  "PERSONAL_DATA_EMAIL",
  "PERSONAL_DATA_ID_NUMBER",
  "PERSONAL_DATA_ADDRESS",
  "PERSONAL_DATA_BANK_ACCOUNT",
];
const visibilities: Visibility[] = ["VISIBILITY_CLEAR", "VISIBILITY_MASKED", "VISIBILITY_HIDDEN"];

/** One role: permissions × scope, and how its holders see personal data. */
export function RoleEditor({ role, permissions, manages, onClose }: RoleEditorProps) {
  const { t } = useTranslation();
  const { modal } = App.useApp();
  const phone = usePhone();
  const notices = useNotices();
  const changed = useOrganizationChanged();
  const before: Draft = {
    name: role?.name ?? "",
    description: role?.description ?? "",
    grants: role?.grants ?? [],
    fieldVisibilities: role?.fieldVisibilities ?? [],
  };
  const [draft, setDraft] = useState(before);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>();
  useFocusReturn();
  const isAdministrator = role?.preset === "administrator";
  const editable = manages && !isAdministrator;
  const nameMissing = draft.name.trim() === "";

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
    modal.confirm({
      title: t("identity.role.deleteTitle", { name: role.name }),
      content: t("common.cannotUndo"),
      okText: t("common.delete"),
      okButtonProps: { danger: true },
      onOk: async () => {
        try {
          await deleteRole(role.id, role.etag);
          notices.done(t("common.deleted"));
          onClose();
        } catch (error) {
          const problem = asProblem(error);
          if (problem.reason === "ROLE_IN_USE") modal.warning({ title: t("identity.role.inUse"), content: problem.detail });
          else notices.fault(error);
        } finally {
          await changed();
        }
      },
    });
  const setVisibility = (kind: PersonalData, visibility: Visibility) => {
    const rest = draft.fieldVisibilities.filter((entry) => entry.personalData !== kind);
    setDraft({ ...draft, fieldVisibilities: [...rest, { personalData: kind, visibility }] });
  };

  return (
    <Drawer
      open
      title={role ? role.name : t("identity.role.create")}
      size={phone ? window.innerWidth : 860}
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
              <Button type="primary" loading={busy} disabled={nameMissing || same(before, draft)} onClick={() => void save()} data-testid="submit">
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
        {byService(permissions).map(([service, entries]) => (
          <ScopeTable
            key={service}
            title={t(`identity.services.${serviceKey(service)}`)}
            entries={entries}
            choice={(entry) => (entry.permission ? scopeOf(draft.grants, entry.permission) : "none")}
            onChoose={(entry, choice) => entry.permission && setDraft({ ...draft, grants: withScope(draft.grants, entry.permission, choice) })}
            editable={editable}
            phone={phone}
          />
        ))}
        <VisibilityTable visibilities={draft.fieldVisibilities} onChoose={setVisibility} editable={editable} />
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

interface ScopeTableProps {
  title: string;
  entries: PermissionEntry[];
  choice: (entry: PermissionEntry) => ScopeChoice;
  onChoose: (entry: PermissionEntry, choice: ScopeChoice) => void;
  editable: boolean;
  phone: boolean;
}

function ScopeTable({ title, entries, choice, onChoose, editable, phone }: ScopeTableProps) {
  const { t } = useTranslation();
  const choices: ScopeChoice[] = ["none", ...allScopes];
  const label = (item: ScopeChoice) => (item === "none" ? t("common.none") : t(`enums.Scope.${item}`));
  const name = (entry: PermissionEntry) => t(`enums.Permission.${entry.permission ?? "PERMISSION_UNSPECIFIED"}`);
  const offers = (entry: PermissionEntry, item: ScopeChoice) => item === "none" || entry.scopes.includes(item);
  const columns: TableColumnsType<PermissionEntry> = [
    {
      title,
      key: "name",
      render: (_, entry) => (
        <Tooltip title={<Operations entry={entry} />} placement="topLeft">
          <span>{name(entry)}</span>
        </Tooltip>
      ),
    },
    ...(phone
      ? [
          {
            key: "scope",
            width: 150,
            render: (_: unknown, entry: PermissionEntry) => (
              <Select<ScopeChoice>
                aria-label={name(entry)}
                value={choice(entry)}
                disabled={!editable}
                onChange={(item) => onChoose(entry, item)}
                options={choices.filter((item) => offers(entry, item)).map((item) => ({ value: item, label: label(item) }))}
                style={{ width: "100%" }}
              />
            ),
          },
        ]
      : choices.map((item) => ({
          key: item,
          title: label(item),
          align: "center" as const,
          width: 104,
          render: (_: unknown, entry: PermissionEntry) =>
            offers(entry, item) && (
              <Radio
                name={entry.permission}
                checked={choice(entry) === item}
                disabled={!editable}
                onChange={() => onChoose(entry, item)}
                aria-label={`${name(entry)}: ${label(item)}`}
              />
            ),
        }))),
  ];
  return <Table<PermissionEntry> rowKey={(entry) => entry.permission ?? ""} size="small" bordered columns={columns} dataSource={entries} pagination={false} />;
}

interface VisibilityTableProps {
  visibilities: readonly FieldVisibility[];
  onChoose: (kind: PersonalData, visibility: Visibility) => void;
  editable: boolean;
}

function VisibilityTable({ visibilities: chosen, onChoose, editable }: VisibilityTableProps) {
  const { t } = useTranslation();
  // A kind that isn't listed is masked.
  const current = (kind: PersonalData) => chosen.find((entry) => entry.personalData === kind)?.visibility ?? "VISIBILITY_MASKED";
  return (
    <section>
      <Typography.Title level={5} style={{ marginTop: 0 }}>
        {t("identity.role.personalData")}
      </Typography.Title>
      <Typography.Paragraph type="secondary">{t("identity.role.personalDataHint")}</Typography.Paragraph>
      <Flex vertical gap={10}>
        {personalData.map((kind) => (
          <Flex key={kind} align="center" gap={16} wrap>
            <span style={{ width: 110 }}>{t(`enums.PersonalData.${kind}`)}</span>
            <Radio.Group
              aria-label={t(`enums.PersonalData.${kind}`)}
              value={current(kind)}
              disabled={!editable}
              onChange={(event) => onChoose(kind, event.target.value as Visibility)}
              optionType="button"
              size="small"
              options={visibilities.map((visibility) => ({ value: visibility, label: t(`enums.Visibility.${visibility}`) }))}
            />
          </Flex>
        ))}
      </Flex>
    </section>
  );
}
