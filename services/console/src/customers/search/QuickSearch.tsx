// The search box of the top bar: any part of a name, phone or number, pinyin or initials. `/` reaches it from anywhere.
import { useEffect, useRef, useState } from "react";
import { SearchOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { AutoComplete, Flex, Input, Typography, type InputRef } from "antd";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import type { CustomerMatch } from "@/api/types";
import { PersonAvatar } from "@/shared/PersonAvatar";
import { useDebounced } from "@/shared/useDebounced";
import { searchCustomers } from "../api";
import { EntryLabel } from "../dictionaries/pickers";

export function QuickSearch({ compact }: { compact: boolean }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const input = useRef<InputRef>(null);
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const query = useDebounced(text.trim(), 150);
  const found = useQuery({
    queryKey: ["search", query],
    queryFn: () => searchCustomers(query, undefined, 8),
    enabled: query.length > 0,
    staleTime: 30_000,
    placeholderData: (previous) => previous,
  });

  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      const typing = target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
      const shortcut = (event.key === "/" && !typing) || (event.key.toLowerCase() === "k" && (event.metaKey || event.ctrlKey));
      if (!shortcut || event.altKey) return;
      event.preventDefault();
      input.current?.focus({ cursor: "all" });
    };
    document.addEventListener("keydown", focus);
    return () => document.removeEventListener("keydown", focus);
  }, []);

  const matches = query && text.trim() ? (found.data?.matches ?? []) : [];
  const leave = (path: string) => {
    setText("");
    setOpen(false);
    input.current?.blur();
    void navigate(path);
  };
  const options = matches.flatMap((match) => (match.customer ? [{ value: match.customer.id, label: <Match match={match} /> }] : []));
  return (
    <AutoComplete
      value={text}
      open={open && text.trim() !== ""}
      onOpenChange={setOpen}
      options={options}
      onChange={(value: string) => {
        // Arrow keys put an option's id here; only typing is wanted.
        if (!options.some((option) => option.value === value)) setText(value);
      }}
      onSelect={(id: string) => leave(`/customers/${id}`)}
      backfill={false}
      defaultActiveFirstOption={false}
      notFoundContent={query && found.isSuccess && !found.isFetching ? t("customers.search.nothing", { query }) : null}
      popupMatchSelectWidth={compact ? 320 : 420}
      style={{ width: compact ? "100%" : 320, maxWidth: 420 }}
      data-testid="quick-search"
    >
      <Input
        ref={input}
        prefix={<SearchOutlined />}
        suffix={compact ? undefined : <kbd style={{ opacity: 0.5, font: "inherit", fontSize: 12 }}>/</kbd>}
        placeholder={t("customers.search.placeholder")}
        aria-label={t("customers.search.title")}
        aria-keyshortcuts="/"
        maxLength={64}
        onPressEnter={(event) => {
          // An option that is marked with the arrow keys is chosen by the list itself.
          if (!event.currentTarget.getAttribute("aria-activedescendant") && text.trim()) leave(`/customers?q=${encodeURIComponent(text.trim())}`);
        }}
      />
    </AutoComplete>
  );
}

function Match({ match: { customer, contactName } }: { match: CustomerMatch }) {
  const { t } = useTranslation();
  if (!customer) return null;
  const details = [customer.number, customer.phone, contactName && t("customers.search.through", { name: contactName })];
  return (
    <Flex gap={10} align="center" data-testid="search-match">
      <PersonAvatar name={customer.name} size={28} square={customer.kind === "CUSTOMER_KIND_ORGANIZATION"} />
      <Flex vertical style={{ minWidth: 0 }}>
        <Flex gap={6} align="center">
          <Typography.Text ellipsis>{customer.name}</Typography.Text>
          <EntryLabel dictionary="level" code={customer.level} />
        </Flex>
        <Typography.Text type="secondary" style={{ fontSize: 12 }} ellipsis>
          {details.filter(Boolean).join(" · ")}
        </Typography.Text>
      </Flex>
      <Typography.Text type="secondary" style={{ fontSize: 12, marginInlineStart: "auto" }}>
        {customer.ownerName || t("customers.inPool")}
      </Typography.Text>
    </Flex>
  );
}
