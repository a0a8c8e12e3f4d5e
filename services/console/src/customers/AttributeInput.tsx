// One input for one attribute, by its kind. Values are what the JSON holds: codes, dates as YYYY-MM-DD, RFC 3339 times.
import { DatePicker, Input, InputNumber, Rate, Select, Switch } from "antd";
import dayjs from "dayjs";
import { useTranslation } from "react-i18next";
import type { Attribute } from "./attributes";
import { EntrySelect, TreeEntryPicker } from "./dictionaries/pickers";
import type { PlainValue } from "./fields/values";

interface AttributeInputProps {
  attribute: Attribute;
  id?: string;
  value?: PlainValue;
  onChange?: (value: PlainValue) => void;
}

const lengths: Record<string, number> = { name: 128, number: 32, phone: 32, email: 254, website: 200, idNumber: 32, legalRepresentative: 64, bankName: 100, bankAccount: 40, remark: 4000 };

export function AttributeInput({ attribute, id, value, onChange }: AttributeInputProps) {
  const { t } = useTranslation();
  const text = value === undefined ? "" : String(value);
  const rules = attribute.field?.rules;
  const maxLength = lengths[attribute.key ?? ""] ?? (rules?.maxLength || (attribute.kind === "longText" ? 10_000 : 2000));
  switch (attribute.kind) {
    case "enum":
      return (
        <Select
          id={id}
          allowClear
          value={text.endsWith("_UNSPECIFIED") ? undefined : text || undefined}
          onChange={(next?: string) => onChange?.(next ?? "")}
          options={attribute.options?.map((option) => ({
            value: option.value,
            label: t(`enums.${attribute.enumName ?? "CustomerKind"}.${option.value}` as "enums.Gender.GENDER_MALE"),
          }))}
          placeholder={t("common.selectPlaceholder")}
        />
      );
    case "dictionary":
      return <EntrySelect id={id} dictionary={attribute.dictionary ?? ""} value={text} onChange={onChange} />;
    case "dictionaries":
      return <EntrySelect id={id} multiple dictionary={attribute.dictionary ?? ""} value={Array.isArray(value) ? value : []} onChange={onChange} />;
    case "tree":
      return <TreeEntryPicker id={id} dictionary={attribute.dictionary ?? ""} value={text} onChange={onChange} />;
    case "date":
      return (
        <DatePicker
          id={id}
          value={text ? dayjs(text) : null}
          onChange={(next) => onChange?.(next ? next.format("YYYY-MM-DD") : "")}
          style={{ width: "100%" }}
        />
      );
    case "timestamp":
      return (
        <DatePicker
          id={id}
          showTime={{ format: "HH:mm" }}
          format="YYYY-MM-DD HH:mm"
          value={text ? dayjs(text) : null}
          onChange={(next) => onChange?.(next ? next.toISOString() : "")}
          style={{ width: "100%" }}
        />
      );
    case "integer":
    case "decimal":
      // stringMode: money and long numbers must not pass through a float.
      return (
        <InputNumber<string>
          id={id}
          stringMode
          precision={attribute.kind === "integer" ? 0 : undefined}
          value={text}
          onChange={(next) => onChange?.(next ?? "")}
          style={{ width: "100%" }}
        />
      );
    case "boolean":
      return <Switch id={id} checked={value === true} onChange={onChange} checkedChildren={t("common.yes")} unCheckedChildren={t("common.no")} />;
    case "satisfaction":
      return <Rate id={id} value={Number(value ?? 0)} onChange={onChange} />;
    case "longText":
      return <Input.TextArea id={id} value={text} onChange={(event) => onChange?.(event.target.value)} maxLength={maxLength} autoSize={{ minRows: 2, maxRows: 8 }} showCount />;
    default:
      return (
        <Input
          id={id}
          value={text}
          onChange={(event) => onChange?.(event.target.value)}
          maxLength={maxLength}
          inputMode={attribute.key === "phone" || attribute.field?.type === "FIELD_TYPE_PHONE" ? "tel" : undefined}
          autoComplete="off"
        />
      );
  }
}
