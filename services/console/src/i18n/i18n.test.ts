import { describe, expect, it } from "vitest";
import { en } from "./en";
import { zh } from "./zh";

type Texts = { [key: string]: string | Texts };

function flatten(texts: Texts, prefix = ""): Map<string, string> {
  const flat = new Map<string, string>();
  for (const [key, value] of Object.entries(texts)) {
    if (typeof value === "string") flat.set(prefix + key, value);
    else for (const [path, text] of flatten(value, `${prefix}${key}.`)) flat.set(path, text);
  }
  return flat;
}

/** Chinese has one plural form, English two: `_one` stands beside `_other`. */
const withoutSingular = (texts: Map<string, string>) => [...texts.keys()].filter((key) => !key.endsWith("_one")).sort();
const placeholders = (text: string) => [...text.matchAll(/{{\s*(\w+)/g)].map((match) => match[1]).sort();

describe("texts", () => {
  const chinese = flatten(zh);
  const english = flatten(en);

  it("are there in both languages", () => {
    expect(withoutSingular(english)).toEqual(withoutSingular(chinese));
  });

  it("are never empty and never in the other language", () => {
    for (const [key, text] of [...chinese, ...english]) expect(text.trim(), key).not.toBe("");
    for (const [key, text] of english) expect(text, key).not.toMatch(/[\u4e00-\u9fff](?!.*[a-z])/i);
  });

  it("take the same values", () => {
    for (const [key, text] of chinese) expect(placeholders(english.get(key) ?? ""), key).toEqual(placeholders(text));
  });

  it("give every English plural both forms", () => {
    for (const key of english.keys()) {
      if (key.endsWith("_one")) expect(english.has(key.replace(/_one$/, "_other")), key).toBe(true);
      if (key.endsWith("_other")) expect(english.has(key.replace(/_other$/, "_one")), key).toBe(true);
    }
  });
});
