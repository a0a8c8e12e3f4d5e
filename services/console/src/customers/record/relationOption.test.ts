import { expect, test } from "vitest";
import type { RelationGraph } from "@/api/types";
import { graphOption, linesOf } from "./relationOption";

const colors = { colorText: "", colorTextSecondary: "", colorTextQuaternary: "", colorBgElevated: "", colorBorderSecondary: "", fontFamily: "" };
const customer = (id: string, distance: number) => ({ id, name: id, kind: "CUSTOMER_KIND_PERSON" as const, level: "", distance });
const relation = (id: string, customerId: string, relatedCustomerId: string, rest = {}) => ({
  id,
  type: "RELATION_TYPE_AGENT" as const,
  customerId,
  relatedCustomerId,
  remark: "",
  validFrom: "",
  validUntil: "",
  ...rest,
});

test("a pair shares a line a direction", () => {
  const lines = linesOf([relation("1", "a", "b"), relation("2", "a", "b"), relation("3", "b", "a")]);
  expect(lines.map(({ source, target, relations }) => [source, target, relations.length])).toEqual([
    ["a", "b", 2],
    ["b", "a", 1],
  ]);
});

test("what is over is dashed, and what holds both ways has no arrow", () => {
  const relations = [
    relation("1", "a", "b", { validUntil: "2025-12-31" }),
    relation("2", "a", "c", { type: "RELATION_TYPE_HOUSEHOLD", validUntil: "2026-01-01" }),
  ];
  const graph: RelationGraph = { customers: [customer("a", 0), customer("b", 1), customer("c", 1)], relations, truncated: false };
  const option = graphOption(graph, (type) => type, colors, "2026-01-01") as { series: [{ links: { lineStyle?: object; symbol?: string[] }[] }] };
  expect(option.series[0].links.map(({ lineStyle, symbol }) => [lineStyle, symbol])).toEqual([
    [{ type: "dashed" }, undefined],
    [undefined, ["none", "none"]],
  ]);
});
