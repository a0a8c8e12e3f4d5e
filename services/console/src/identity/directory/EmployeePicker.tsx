// Chooses colleagues by name, pinyin or initials. Names of what is chosen already are looked up.
import { useMemo, useState } from "react";
import { useQuery } from "@tanstack/react-query";
import { Flex, Select, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { DirectoryEntry } from "@/api/types";
import { useAccess } from "@/app/access";
import { PersonAvatar } from "@/shared/PersonAvatar";
import { useDebounced } from "@/shared/useDebounced";
import { directoryEntries, listDirectory } from "../api";

interface CommonProps {
  id?: string;
  placeholder?: string;
  allowClear?: boolean;
  disabled?: boolean;
  autoFocus?: boolean;
  /** Puts the caller first. */
  offerMe?: boolean;
  "aria-label"?: string;
  style?: React.CSSProperties;
}

interface SingleProps extends CommonProps {
  multiple?: false;
  value?: string;
  onChange?: (id: string | undefined) => void;
}

interface MultipleProps extends CommonProps {
  multiple: true;
  value?: string[];
  onChange?: (ids: string[]) => void;
}

export function EmployeePicker(props: SingleProps | MultipleProps) {
  const { t } = useTranslation();
  const [query, setQuery] = useState("");
  const settled = useDebounced(query.trim());
  const { profile } = useAccess();
  const chosen = useMemo(() => [props.value ?? []].flat().filter(Boolean), [props.value]);
  const found = useQuery({
    queryKey: ["directory", "query", settled],
    queryFn: () => listDirectory(settled),
    staleTime: 60_000,
  });
  const named = useDirectoryNames(chosen);
  const options = useMemo(() => {
    const entries = new Map<string, DirectoryEntry>();
    for (const entry of found.data?.entries ?? []) if (entry.active) entries.set(entry.id, entry);
    for (const entry of named) entries.set(entry.id, entry);
    const list = [...entries.values()];
    if (props.offerMe && profile) list.sort((a, b) => Number(b.id === profile.id) - Number(a.id === profile.id));
    return list.map((entry) => ({ value: entry.id, label: entry.displayName, entry }));
  }, [found.data, named, props.offerMe, profile]);

  return (
    <Select
      id={props.id}
      aria-label={props["aria-label"]}
      mode={props.multiple ? "multiple" : undefined}
      value={props.multiple ? chosen : props.value || undefined}
      onChange={(value: string | string[] | undefined) => {
        if (props.multiple) props.onChange?.([value ?? []].flat());
        else props.onChange?.(value as string | undefined);
      }}
      showSearch={{ filterOption: false, onSearch: setQuery, searchValue: query }}
      loading={found.isFetching}
      options={options}
      optionRender={({ data }) => (
        <Flex align="center" gap={8}>
          <PersonAvatar name={data.entry.displayName} size={22} />
          <span>{data.entry.displayName}</span>
          {data.entry.id === profile?.id && <Typography.Text type="secondary">{t("identity.directory.me")}</Typography.Text>}
          <Typography.Text type="secondary" style={{ marginInlineStart: "auto", fontSize: 12 }}>
            {data.entry.groupName}
          </Typography.Text>
        </Flex>
      )}
      notFoundContent={found.isPending ? t("common.loading") : t("common.noMatches")}
      placeholder={props.placeholder ?? t("identity.directory.placeholder")}
      allowClear={props.allowClear}
      disabled={props.disabled}
      autoFocus={props.autoFocus}
      style={{ width: "100%", ...props.style }}
    />
  );
}

/** The directory entries of these ids, as far as they are known. */
export function useDirectoryNames(ids: string[]): DirectoryEntry[] {
  const wanted = [...new Set(ids)].sort().slice(0, 200);
  const answer = useQuery({
    queryKey: ["directory", "ids", wanted],
    queryFn: () => directoryEntries(wanted),
    enabled: wanted.length > 0,
    staleTime: 300_000,
  });
  return answer.data?.entries ?? [];
}
