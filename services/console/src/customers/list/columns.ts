// Which columns a list shows, in which order: the view's, else this browser's, else a standard set.
import { useState } from "react";
import { readStored, store } from "@/app/preferences";
import type { View } from "@/api/types";
import type { Attribute } from "../attributes";

/** The kind shows as the sign before the name. */
export const standardColumns = ["name", "number", "level", "phone", "region", "industry", "owner_id", "last_contact_time", "create_time"];

/** Known columns only: a custom field may have been retired since the choice was made. */
export function knownColumns(wanted: readonly string[], attributes: readonly Attribute[]): Attribute[] {
  const byPath = new Map(attributes.map((attribute) => [attribute.maskPath, attribute]));
  return wanted.flatMap((path) => byPath.get(path) ?? []);
}

/** `standard` must be the same at every call. */
export function useColumns(view: View | undefined, attributes: Attribute[], storageKey: string, standard: readonly string[]) {
  const [own, setOwn] = useState<string[]>(() => readStored(storageKey, [...standard]));
  const [override, setOverride] = useState<{ viewId: string; columns: string[] }>();
  const ofView = view && view.columns.length > 0 ? view.columns : undefined;
  const chosen = (view && override?.viewId === view.id ? override.columns : ofView) ?? own;
  return {
    paths: chosen,
    columns: knownColumns(chosen, attributes),
    choose: (paths: string[]) => {
      if (view) return setOverride({ viewId: view.id, columns: paths });
      setOwn(paths);
      store(storageKey, paths);
    },
  };
}
