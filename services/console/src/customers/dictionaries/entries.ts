// Codes → names, colours and trees. A dictionary is loaded once, whole, and shared by every label, filter and form.
import { useMemo } from "react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { DictionaryEntry } from "@/api/types";
import { readStored, store } from "@/app/preferences";
import { listEntries } from "./api";

export interface EntryIndex {
  list: DictionaryEntry[];
  byCode: Map<string, DictionaryEntry>;
  childrenOf: Map<string, DictionaryEntry[]>;
}

const nothing: EntryIndex = { list: [], byCode: new Map(), childrenOf: new Map() };

export function indexEntries(list: DictionaryEntry[]): EntryIndex {
  const byCode = new Map(list.map((entry) => [entry.code, entry]));
  const childrenOf = new Map<string, DictionaryEntry[]>();
  for (const entry of list) {
    const siblings = childrenOf.get(entry.parentCode);
    if (siblings) siblings.push(entry);
    else childrenOf.set(entry.parentCode, [entry]);
  }
  return { list, byCode, childrenOf };
}

/** More than these take several calls; the browser keeps them, so that names are there at once and are renewed behind them. */
const manyEntries = 1000;
const storageKey = (dictionary: string | undefined) => `changke.entries.${dictionary ?? ""}`;

export function useEntries(dictionary: string | undefined): { index: EntryIndex; isPending: boolean } {
  const query = useQuery({
    queryKey: ["entries", dictionary],
    queryFn: async () => {
      const list = await listEntries(dictionary ?? "");
      if (list.length > manyEntries) store(storageKey(dictionary), list);
      return indexEntries(list);
    },
    initialData: () => {
      const kept = readStored<DictionaryEntry[]>(storageKey(dictionary), []);
      return Array.isArray(kept) && kept.length > 0 ? indexEntries(kept) : undefined;
    },
    initialDataUpdatedAt: 0,
    enabled: Boolean(dictionary),
    staleTime: 300_000,
    gcTime: 3_600_000,
  });
  return { index: query.data ?? nothing, isPending: query.isPending && Boolean(dictionary) };
}

/** From the top of the tree down to the entry itself. */
export function ancestry(index: EntryIndex, code: string): DictionaryEntry[] {
  const path: DictionaryEntry[] = [];
  for (let entry = index.byCode.get(code); entry && !path.includes(entry); entry = index.byCode.get(entry.parentCode)) {
    path.unshift(entry);
  }
  return path;
}

const grown = /^\d{6}$/;

/** What the codes of everything within an entry begin with: 330000 (浙江省) is filled up, its parts begin with 33. */
export function beginningOf(code: string): string {
  return grown.test(code) ? code.replace(/(00)+$/, "") : code;
}

/** The entry whose parts begin so; the beginning itself when there is none. */
export function codeOfBeginning(index: EntryIndex, beginning: string): string {
  if (index.byCode.has(beginning)) return beginning;
  const code = beginning.padEnd(6, "0");
  return index.byCode.has(code) ? code : beginning;
}

const fillers = new Set(["市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"]);

type Names = Pick<DictionaryEntry, "nameZh" | "nameEn">;

/** The name in the caller's language; English falls back to Chinese, which is always there. */
export function useEntryName(): (entry: Names) => string {
  const { i18n } = useTranslation();
  const english = i18n.language === "en";
  return useMemo(() => (entry: Names) => (english && entry.nameEn ? entry.nameEn : entry.nameZh), [english]);
}

/** 浙江省 杭州市 西湖区, as one would say it. */
export function pathName(index: EntryIndex, code: string, nameOf: (entry: Names) => string): string {
  const path = ancestry(index, code);
  // 北京市 市辖区 东城区: the middle of a municipality says nothing.
  const telling = path.filter((entry, place) => place === path.length - 1 || !fillers.has(entry.nameZh));
  return telling.map(nameOf).join(" ") || code;
}
