// The rules of a field in words, under its input.
import type { TFunction } from "i18next";
import type { Field } from "@/api/types";
import { plainValue } from "./values";

export function ruleHint(t: TFunction, field: Pick<Field, "rules">): string | undefined {
  const rules = field.rules;
  if (!rules) return undefined;
  const [min, max] = [plainValue(rules.min), plainValue(rules.max)].map((value) => (value === undefined ? "" : String(value)));
  const lengths = [rules.minLength, rules.maxLength].map((length) => (length ? String(length) : ""));
  const hints = [
    (min || max) && t("customers.rules.range", { min: min || "…", max: max || "…" }),
    (lengths[0] || lengths[1]) && t("customers.rules.length", { min: lengths[0] || "0", max: lengths[1] || "…" }),
    rules.maxDecimals !== undefined && t("customers.rules.decimals", { count: rules.maxDecimals }),
    rules.patternHint,
  ];
  return hints.filter(Boolean).join(t("customers.rules.and")) || undefined;
}
