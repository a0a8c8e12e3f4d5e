// The values of parameters as people read them; pure.
import type { TFunction } from "i18next";
import type { Parameter } from "@/api/types";

export const parameterGroups = ["organization", "password", "sign_in", "session", "audit", "privacy", "other"] as const;
export type ParameterGroup = (typeof parameterGroups)[number];

export function groupOf(name: string): ParameterGroup {
  const prefix = name.slice(0, name.indexOf("."));
  return parameterGroups.find((group) => group === prefix) ?? "other";
}

/** Parameters by their group, groups and parameters in their order. */
export function grouped(parameters: readonly Parameter[]): [ParameterGroup, Parameter[]][] {
  return parameterGroups
    .map((group): [ParameterGroup, Parameter[]] => [group, parameters.filter(({ name }) => groupOf(name) === group)])
    .filter(([, list]) => list.length > 0);
}

export const inSeconds = (name: string) => name.endsWith("_seconds");

const units = [
  { name: "days", seconds: 86_400 },
  { name: "hours", seconds: 3_600 },
  { name: "minutes", seconds: 60 },
] as const;

/** In the largest unit that leaves no rest: 1209600 → 14 days. */
export function durationText(t: TFunction, seconds: number): string {
  const unit = units.find((candidate) => seconds > 0 && seconds % candidate.seconds === 0);
  if (!unit) return t("administration.parameter.secondsCount", { count: seconds });
  return t(`administration.parameter.${unit.name}`, { count: seconds / unit.seconds });
}

const languages: Record<string, string> = { "zh-CN": "简体中文", "en-US": "English" };

export function choiceText(value: string): string {
  return languages[value] ?? value;
}

export function valueText(t: TFunction, { name, type }: Pick<Parameter, "name" | "type">, value: string): string {
  if (value === "") return t("administration.parameter.notSet");
  if (type === "PARAMETER_TYPE_BOOLEAN") return t(value === "true" ? "common.yes" : "common.no");
  if (type === "PARAMETER_TYPE_CHOICE") return choiceText(value);
  if (type !== "PARAMETER_TYPE_INTEGER") return value;
  return inSeconds(name) ? durationText(t, Number(value)) : Number(value).toLocaleString();
}
