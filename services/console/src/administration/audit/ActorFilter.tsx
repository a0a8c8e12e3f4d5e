import { Select } from "antd";
import { useTranslation } from "react-i18next";
import { useAccess } from "@/app/access";
import { EmployeePicker } from "@/identity/directory/EmployeePicker";
import { useServiceAccounts } from "../machines/api";
import { actorKinds, type AuditSearch } from "./filter";

interface ActorFilterProps {
  search: AuditSearch;
  onChange: (part: Partial<AuditSearch>) => void;
  style: React.CSSProperties;
}

/** Who acted: what kind of actor, and which of them. */
export function ActorFilter({ search: { actorKind, actorId }, onChange, style }: ActorFilterProps) {
  const { t } = useTranslation();
  const { can } = useAccess();
  const machine = actorKind === "ACTOR_KIND_SERVICE_ACCOUNT";
  return (
    <>
      <Select
        aria-label={t("administration.audit.actorKind")}
        placeholder={t("administration.audit.anyActor")}
        allowClear
        value={actorKind}
        onChange={(kind: AuditSearch["actorKind"]) => onChange({ actorKind: kind, actorId: undefined })}
        options={actorKinds.map((kind) => ({ value: kind, label: t(`enums.ActorKind.${kind}`) }))}
        style={style}
        data-testid="audit-actor-kind"
      />
      {(actorKind === undefined || actorKind === "ACTOR_KIND_EMPLOYEE") && (
        <EmployeePicker
          aria-label={t("administration.audit.actor")}
          placeholder={t("administration.audit.anybody")}
          allowClear
          offerMe
          value={actorId}
          onChange={(id) => onChange({ actorId: id })}
          style={style}
        />
      )}
      {machine && can("PERMISSION_SERVICE_ACCOUNTS_MANAGE") && <AccountPicker value={actorId} onChange={(id) => onChange({ actorId: id })} style={style} />}
    </>
  );
}

function AccountPicker({ value, onChange, style }: { value: string | undefined; onChange: (id: string | undefined) => void; style: React.CSSProperties }) {
  const { t } = useTranslation();
  const accounts = useServiceAccounts();
  return (
    <Select
      aria-label={t("administration.audit.account")}
      placeholder={t("administration.audit.anyAccount")}
      allowClear
      loading={accounts.isPending}
      value={value}
      onChange={onChange}
      options={accounts.data?.map((account) => ({ value: account.id, label: account.displayName }))}
      showSearch={{ optionFilterProp: "label" }}
      style={style}
      data-testid="audit-account"
    />
  );
}
