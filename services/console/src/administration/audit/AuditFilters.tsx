import { useMemo, useState } from "react";
import { Button, DatePicker, Flex, Input, Select } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import { useTranslation } from "react-i18next";
import { usePhone } from "@/shared/usePhone";
import type { Service } from "../services";
import { ActorFilter } from "./ActorFilter";
import { isId, type AuditSearch } from "./filter";
import { actionName, kindName, knownActions, verbName } from "./texts";

interface AuditFiltersProps {
  search: AuditSearch;
  services: Service[];
  onChange: (part: Partial<AuditSearch>) => void;
}

const dayFormat = "YYYY-MM-DD";

export function AuditFilters({ search, services, onChange }: AuditFiltersProps) {
  const { t } = useTranslation();
  const phone = usePhone();
  const actions = useMemo(
    () =>
      Object.entries(knownActions).map(([kind, verbs]) => ({
        label: kindName(t, kind),
        options: [
          { value: `${kind}.*`, label: t("administration.audit.allOf", { kind: kindName(t, kind) }) },
          ...verbs.map((verb) => ({ value: `${kind}.${verb}`, label: actionName(t, `${kind}.${verb}`) })),
        ],
      })),
    [t],
  );
  const width = (pixels: number) => ({ width: phone ? "100%" : pixels });
  const isFiltered = Boolean(search.actorKind || search.actorId || search.actions.length || search.recordId || search.address || search.from || search.to || search.service);
  const today = dayjs();
  const presets: { label: string; value: [Dayjs, Dayjs] }[] = [
    { label: t("administration.audit.periods.today"), value: [today, today] },
    { label: t("administration.audit.periods.week"), value: [today.subtract(6, "day"), today] },
    { label: t("administration.audit.periods.month"), value: [today.subtract(29, "day"), today] },
  ];
  const day = (text: string | undefined) => (text && dayjs(text).isValid() ? dayjs(text) : null);
  return (
    <Flex gap={8} wrap style={{ marginBottom: 16 }} role="search">
      <Select<Service | "all">
        aria-label={t("administration.audit.service")}
        value={search.service ?? "all"}
        onChange={(service) => onChange({ service: service === "all" ? undefined : service })}
        options={[
          { value: "all" as const, label: t("administration.audit.allServices") },
          ...services.map((service) => ({ value: service, label: t(`identity.services.${service}`) })),
        ]}
        style={width(140)}
      />
      <ActorFilter search={search} onChange={onChange} style={width(150)} />
      <Select<string[]>
        aria-label={t("administration.audit.action")}
        mode="multiple"
        maxTagCount="responsive"
        allowClear
        value={search.actions}
        onChange={(chosen) => onChange({ actions: chosen })}
        options={actions}
        showSearch={{ optionFilterProp: "label" }}
        labelRender={({ value }) => (String(value).endsWith(".*") ? kindName(t, String(value).slice(0, -2)) : `${kindName(t, String(value).split(".")[0] ?? "")} · ${verbName(t, String(value))}`)}
        placeholder={t("administration.audit.anyAction")}
        style={width(200)}
        data-testid="audit-actions"
      />
      <DatePicker.RangePicker
        aria-label={t("administration.audit.period")}
        value={[day(search.from), day(search.to)]}
        onChange={(days) => onChange({ from: days?.[0]?.format(dayFormat), to: days?.[1]?.format(dayFormat) })}
        presets={phone ? undefined : presets}
        allowEmpty={[true, true]}
        disabledDate={(date) => date.isAfter(today, "day")}
        style={width(250)}
      />
      <Typed label={t("administration.audit.recordId")} value={search.recordId} accepts={isId} refusal={t("administration.audit.notAnId")} onChange={(recordId) => onChange({ recordId })} style={width(165)} />
      <Typed label={t("administration.audit.address")} value={search.address} onChange={(value) => onChange({ address: value })} style={width(165)} />
      {isFiltered && (
        <Button type="link" onClick={() => onChange({ service: undefined, actorKind: undefined, actorId: undefined, actions: [], recordId: undefined, address: undefined, from: undefined, to: undefined })}>
          {t("common.reset")}
        </Button>
      )}
    </Flex>
  );
}

interface TypedProps {
  label: string;
  value: string | undefined;
  accepts?: (text: string) => boolean;
  refusal?: string;
  onChange: (value: string | undefined) => void;
  style: React.CSSProperties;
}

/** A text that is searched for when it is complete, not letter by letter: half an id finds nothing. */
function Typed({ label, value, accepts, refusal, onChange, style }: TypedProps) {
  const [draft, setDraft] = useState<string>();
  const text = draft ?? value ?? "";
  const wrong = text.trim() !== "" && accepts !== undefined && !accepts(text);
  const settle = () => {
    if (draft === undefined || wrong) return;
    onChange(draft.trim() || undefined);
    setDraft(undefined);
  };
  return (
    <Input
      allowClear
      placeholder={label}
      aria-label={label}
      value={text}
      status={wrong ? "error" : undefined}
      title={wrong ? refusal : undefined}
      maxLength={64}
      onChange={(event) => {
        setDraft(event.target.value);
        if (event.target.value === "") {
          onChange(undefined);
          setDraft(undefined);
        }
      }}
      onPressEnter={settle}
      onBlur={settle}
      style={style}
    />
  );
}
