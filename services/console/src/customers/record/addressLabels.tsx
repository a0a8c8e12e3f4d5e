// What an address is for: a few codes with names in both languages, and whatever else somebody typed.
import { AutoComplete } from "antd";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";

const codes = ["office", "home", "delivery", "invoice"] as const;

export function addressLabel(t: TFunction, label: string): string {
  const code = codes.find((known) => known === label);
  return code ? t(`customers.address.labels.${code}`) : label || t("customers.address.title");
}

interface AddressLabelInputProps {
  value?: string;
  onChange?: (label: string) => void;
}

export function AddressLabelInput({ value = "", onChange }: AddressLabelInputProps) {
  const { t } = useTranslation();
  const names = codes.map((code) => ({ code, name: t(`customers.address.labels.${code}`) }));
  const type = (text: string) => onChange?.(names.find(({ name }) => name === text)?.code ?? text.slice(0, 32));
  return (
    <AutoComplete
      value={value && addressLabel(t, value)}
      onChange={type}
      // Enter takes what was found; it must not submit the form at the same time.
      onInputKeyDown={(event) => event.key === "Enter" && event.preventDefault()}
      options={names.map(({ name }) => ({ value: name }))}
      placeholder={t("customers.address.label")}
      aria-label={t("customers.address.label")}
      style={{ width: "100%" }}
    />
  );
}
