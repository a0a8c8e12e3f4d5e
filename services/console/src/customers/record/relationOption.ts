// Customers and the relations among them as an ECharts option; pure.
import type { GlobalToken } from "antd";
import type { EChartsCoreOption } from "echarts/core";
import type { RelationGraph } from "@/api/types";
import { palette } from "@/reporting/option";

type Colors = Pick<GlobalToken, "colorText" | "colorTextSecondary" | "colorTextQuaternary" | "colorBgElevated" | "colorBorderSecondary" | "fontFamily">;
type Edge = RelationGraph["relations"][number];

/** Two customers may stand in several relations: one line each would hide the others, so a pair shares one. */
export interface Line {
  source: string;
  target: string;
  relations: Edge[];
}

export function linesOf(relations: readonly Edge[]): Line[] {
  const lines = new Map<string, Line>();
  for (const relation of relations) {
    const { customerId: source, relatedCustomerId: target } = relation;
    const known = lines.get(`${source} ${target}`);
    if (known) known.relations.push(relation);
    else lines.set(`${source} ${target}`, { source, target, relations: [relation] });
  }
  return [...lines.values()];
}

export function graphOption(graph: RelationGraph, typeName: (type: Edge["type"]) => string, colors: Colors, today: string, levelColor: (level: string) => string | undefined = () => undefined): EChartsCoreOption {
  const farthest = Math.max(0, ...graph.customers.map((customer) => customer.distance));
  return {
    textStyle: { fontFamily: colors.fontFamily, color: colors.colorText },
    tooltip: { backgroundColor: colors.colorBgElevated, borderColor: colors.colorBorderSecondary, textStyle: { color: colors.colorText }, confine: true, renderMode: "richText" },
    animationDuration: 400,
    aria: { enabled: true },
    series: [
      {
        type: "graph",
        layout: "force",
        roam: true,
        draggable: true,
        // Near enough to be one picture, far enough for names.
        force: { repulsion: 700, edgeLength: [120, 220], gravity: 0.1, layoutAnimation: false },
        edgeSymbol: ["none", "arrow"],
        edgeSymbolSize: 8,
        label: { show: true, position: "bottom", color: colors.colorText, width: 130, overflow: "truncate" },
        emphasis: { focus: "adjacency" },
        lineStyle: { color: colors.colorTextQuaternary, width: 1.5, curveness: 0.08, opacity: 1 },
        data: graph.customers.map(({ id, name, kind, level, distance }) => ({
          id,
          name,
          symbol: kind === "CUSTOMER_KIND_PERSON" ? "circle" : "roundRect",
          symbolSize: distance === 0 ? 44 : 34 - Math.min(distance, farthest) * 4,
          // The level's colour is the one that it has everywhere.
          itemStyle: { color: palette[distance % palette.length], borderColor: levelColor(level), borderWidth: levelColor(level) ? 4 : 0 },
        })),
        links: linesOf(graph.relations).map(({ source, target, relations }) => {
          const names = relations.map(({ type }) => typeName(type)).join(" · ");
          const over = relations.every(({ validUntil }) => validUntil !== "" && validUntil < today);
          const mutual = relations.every(({ type }) => type === "RELATION_TYPE_HOUSEHOLD");
          return {
            source,
            target,
            value: names,
            symbol: mutual ? ["none", "none"] : undefined,
            lineStyle: over ? { type: "dashed" } : undefined,
            label: { show: true, formatter: names, color: colors.colorTextSecondary, fontSize: 11 },
          };
        }),
      },
    ],
  };
}
