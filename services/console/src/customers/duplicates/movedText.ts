import type { TFunction } from "i18next";
import { zh } from "@/i18n/zh";
import type { MovedCount } from "@/api/types";

type Kind = keyof typeof zh.customers.duplicates.kinds;

/** What goes over or came back, such as `3 contacts, 12 interactions`. */
export function movedText(t: TFunction, moved: readonly MovedCount[]): string {
  const one = ({ kind, count }: MovedCount) => `${count} ${kind in zh.customers.duplicates.kinds ? t(`customers.duplicates.kinds.${kind as Kind}`) : kind}`;
  return moved.map(one).join(t("customers.duplicates.comma"));
}
