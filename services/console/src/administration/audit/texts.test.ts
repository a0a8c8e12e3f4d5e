import { expect, it } from "vitest";
import { zh } from "@/i18n/zh";
import { knownActions } from "./texts";

// As text, to be read and not run.
const sources = import.meta.glob<string>("../../../../{customers,identity,platform,reporting,changke}/src/**/*.rs", {
  query: "?raw",
  import: "default",
  eager: true,
});

/** Actions that the services write: a kind of record, and what was done to it. */
function written(): string[] {
  const kinds = Object.keys(knownActions).join("|");
  const action = new RegExp(`"((?:${kinds})\\.[a-z_]+(?:ed|made|out|started))"`, "g");
  const found = Object.values(sources).flatMap((source) => [...source.matchAll(action)].map(([, name]) => name ?? ""));
  return [...new Set(found)].sort();
}

it("can look for every action that the services write, and names it", () => {
  const known = Object.entries(knownActions).flatMap(([kind, verbs]) => verbs.map((verb) => `${kind}.${verb}`));
  const actions = written();
  expect(actions).toContain("customer.created");
  expect(actions.filter((action) => !known.includes(action))).toEqual([]);
  const { kinds, verbs } = zh.administration.audit;
  expect(Object.keys(knownActions).filter((kind) => !(kind in kinds))).toEqual([]);
  expect(Object.values(knownActions).flat().filter((verb) => !(verb in verbs))).toEqual([]);
});
