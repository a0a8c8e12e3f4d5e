import { useState } from "react";
import { useQuery } from "@tanstack/react-query";
import { Select } from "antd";
import { useTranslation } from "react-i18next";
import { useDebounced } from "@/shared/useDebounced";
import { searchCustomers } from "../api";

interface CustomerPickerProps {
  id?: string;
  value?: string;
  onChange?: (id: string) => void;
  /** This customer isn't offered. */
  except?: string;
}

export function CustomerPicker({ id, value, onChange, except }: CustomerPickerProps) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const query = useDebounced(text.trim());
  const found = useQuery({ queryKey: ["search", query], queryFn: () => searchCustomers(query), enabled: query.length > 0 });
  const options = (found.data?.matches ?? []).flatMap(({ customer }) =>
    customer && customer.id !== except ? [{ value: customer.id, label: [customer.name, customer.number].filter(Boolean).join(" · ") }] : [],
  );
  return (
    <Select
      id={id}
      value={value}
      onChange={onChange}
      showSearch={{ filterOption: false, onSearch: setText }}
      options={options}
      loading={found.isFetching}
      placeholder={t("customers.search.placeholder")}
      notFoundContent={query && found.isSuccess ? t("common.noMatches") : t("customers.search.hint")}
    />
  );
}
