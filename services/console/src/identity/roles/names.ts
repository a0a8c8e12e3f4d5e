// Preset roles bear Chinese names until somebody renames them; here they are told in the language of the reader.
import type { TFunction } from "i18next";
import { zh } from "@/i18n/zh";

const { presets } = zh.identity.role;

type Preset = keyof typeof presets;

const byName = new Map(Object.entries(presets).map(([preset, name]) => [name, preset as Preset]));

export function roleName(t: TFunction, name: string): string {
  const preset = byName.get(name);
  return preset ? t(`identity.role.presets.${preset}`) : name;
}
