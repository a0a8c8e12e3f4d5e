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
  /** It stands in a cell that was opened for it: it has the focus, and what there is to choose from is unfolded. */
  inCell?: boolean;
}

const lengths: Record<string, number> = { name: 128, number: 32, phone: 32, email: 254, website: 200, idNumber: 32, legalRepresentative: 64, bankName: 100, bankAccount: 40, remark: 4000 };

export function AttributeInput({ attribute, id, value, onChange, inCell = false }: AttributeInputProps) {
  const { t } = useTranslation();
  const opened = inCell ? { autoFocus: true, defaultOpen: true, "aria-label": attribute.label } : {};
  const focused = inCell ? { autoFocus: true, "aria-label": attribute.label } : {};
  const text = value === undefined ? "" : String(value);
  const rules = attribute.field?.rules;
  const maxLength = lengths[attribute.key ?? ""] ?? (rules?.maxLength || (attribute.kind === "longText" ? 10_000 : 2000));
  switch (attribute.kind) {
    case "enum":
      return (
        <Select
          {...opened}
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
      return <EntrySelect {...opened} id={id} dictionary={attribute.dictionary ?? ""} value={text} onChange={onChange} />;
    case "dictionaries":
      return <EntrySelect {...opened} id={id} multiple dictionary={attribute.dictionary ?? ""} value={Array.isArray(value) ? value : []} onChange={onChange} />;
    case "tree":
      return <TreeEntryPicker {...opened} id={id} dictionary={attribute.dictionary ?? ""} value={text} onChange={onChange} />;
    case "date":
      return (
        <DatePicker
          {...opened}
          id={id}
          value={text ? dayjs(text) : null}
          onChange={(next) => onChange?.(next ? next.format("YYYY-MM-DD") : "")}
          style={{ width: "100%" }}
        />
      );
    case "timestamp":
      return (
        <DatePicker
          {...opened}
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
          {...focused}
          id={id}
          stringMode
          precision={attribute.kind === "integer" ? 0 : undefined}
          value={text}
          onChange={(next) => onChange?.(next ?? "")}
          style={{ width: "100%" }}
        />
      );
    case "boolean":
      return <Switch {...focused} id={id} checked={value === true} onChange={onChange} checkedChildren={t("common.yes")} unCheckedChildren={t("common.no")} />;
    case "satisfaction":
      return <Rate {...focused} id={id} value={Number(value ?? 0)} onChange={onChange} />;
    case "longText":
      return <Input.TextArea {...focused} id={id} value={text} onChange={(event) => onChange?.(event.target.value)} maxLength={maxLength} autoSize={{ minRows: 2, maxRows: 8 }} showCount />;
    default:
      return (
        <Input
          {...focused}
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
