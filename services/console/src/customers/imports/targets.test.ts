import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import i18n from "i18next";
import { describe, expect, it } from "vitest";
import { builtInAttributes } from "../attributes";
import { doubled, targetsOf } from "./targets";

/** The paths that the service knows, from where it lists them. */
function servicePaths(): string[] {
  const source = readFileSync(resolve(import.meta.dirname, "../../../../customers/src/import/target.rs"), "utf8");
  const list = source.slice(source.indexOf("\nbuilt_in! {"));
  return [...list.slice(0, list.indexOf("\n}")).matchAll(/^ {4}"([a-z_.]+)",/gm)].map((match) => match[1] ?? "");
}

function targetsIn(language: "zh-CN" | "en") {
  const t = i18n.getFixedT(language);
  return targetsOf(builtInAttributes((key) => t(`customers.attributes.${key}` as "customers.attributes.name")), [], t);
}

describe("the targets of an import", () => {
  it.each(["zh-CN", "en"] as const)("are those of the service, each with a name of its own (%s)", (language) => {
    const targets = targetsIn(language);
    const paths = servicePaths();
    expect(paths).toContain("addresses.postal_code");
    expect(targets.map((target) => target.value).sort()).toEqual([...paths].sort());
    for (const { value, label } of targets) expect(label, value).not.toMatch(/^$|\w\.\w|_/);
    expect(new Set(targets.map((target) => target.label)).size).toBe(targets.length);
  });

  it("keep what the service guessed and this console doesn't know", () => {
    const targets = targetsOf([], [{ header: "新", field: "custom_fields.fresh" }], (key) => key);
    expect(targets.at(-1)).toEqual({ value: "custom_fields.fresh", label: "custom_fields.fresh" });
  });

  it("are claimed by one column each", () => {
    const columns = ["name", "", "", "name", "phone"].map((field) => ({ header: "", field }));
    expect([...doubled(columns)]).toEqual(["name"]);
  });
});
