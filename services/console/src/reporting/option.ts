// The figures as an ECharts option; pure.
import type { GlobalToken } from "antd";
import type { EChartsCoreOption } from "echarts/core";
import { share, type Table } from "./figures";

export type ChartKind = "pie" | "bar" | "stacked" | "line";

export const palette = ["#1d4ed8", "#0ea5a4", "#f59e0b", "#8b5cf6", "#ef4444", "#10b981", "#ec4899", "#6366f1", "#84cc16", "#06b6d4", "#f97316", "#64748b"];

type Colors = Pick<GlobalToken, "colorText" | "colorTextSecondary" | "colorBorderSecondary" | "colorBgElevated" | "colorBgContainer" | "fontFamily">;

const mostSlices = 12;

export function chartOption(table: Table, kind: ChartKind, colors: Colors, phone: boolean, restName: string): EChartsCoreOption {
  const common = {
    color: palette,
    textStyle: { fontFamily: colors.fontFamily, color: colors.colorText },
    tooltip: {
      trigger: kind === "pie" ? "item" : "axis",
      backgroundColor: colors.colorBgElevated,
      borderColor: colors.colorBorderSecondary,
      textStyle: { color: colors.colorText },
      confine: true,
    },
    animationDuration: 400,
    aria: { enabled: true },
  };
  if (kind === "pie") return { ...common, ...pie(table, colors, phone, restName) };
  return { ...common, ...axes(table, kind, colors) };
}

function pie(table: Table, colors: Colors, phone: boolean, restName: string) {
  const shown = table.rows.slice(0, mostSlices);
  const rest = table.rows.slice(mostSlices).reduce((sum, row) => sum + row.count, 0);
  const slices = shown.map((row) => ({ name: row.name, value: row.count, id: row.key }));
  const data = rest > 0 ? [...slices, { name: restName, value: rest, id: "" }] : slices;
  const shares = new Map(data.map(({ name, value }) => [name, share(value, table.total)]));
  return {
    // On a phone there is no room beside the slices for their names, and nothing to hover with: the legend tells the shares.
    legend: phone ? { bottom: 0, itemWidth: 14, itemHeight: 10, textStyle: { color: colors.colorTextSecondary }, formatter: (name: string) => `${name}  ${shares.get(name) ?? ""}` } : undefined,
    series: [
      {
        type: "pie",
        radius: phone ? ["34%", "58%"] : ["46%", "74%"],
        center: ["50%", phone ? "36%" : "50%"],
        itemStyle: { borderRadius: 6, borderColor: colors.colorBgContainer, borderWidth: 2 },
        label: {
          show: !phone,
          color: colors.colorText,
          formatter: ({ name, value }: { name: string; value: number }) => `${name}  ${share(value, table.total)}`,
        },
        data,
      },
    ],
  };
}

function axes(table: Table, kind: Exclude<ChartKind, "pie">, colors: Colors) {
  const names = table.rows.map((row) => row.name);
  const several = table.series.length > 1;
  const type = kind === "line" ? "line" : "bar";
  const series = several
    ? table.series.map(({ key, name }) => ({
        type,
        name,
        stack: kind === "stacked" ? "all" : undefined,
        smooth: true,
        showSymbol: false,
        barMaxWidth: 36,
        data: table.rows.map((row) => row.parts.get(key)?.count ?? 0),
      }))
    : [
        {
          type,
          smooth: true,
          barMaxWidth: 36,
          areaStyle: kind === "line" ? { opacity: 0.12 } : undefined,
          itemStyle: kind === "line" ? undefined : { borderRadius: [5, 5, 0, 0] },
          data: table.rows.map((row) => row.count),
        },
      ];
  const crowded = names.length > 24;
  return {
    grid: { left: 8, right: 16, top: several ? 48 : 24, bottom: crowded ? 56 : 8, containLabel: true },
    legend: several ? { type: "scroll", top: 4, textStyle: { color: colors.colorTextSecondary } } : undefined,
    dataZoom: crowded ? [{ type: "slider", height: 20, bottom: 12, endValue: Math.min(names.length, 36) - 1 }, { type: "inside", zoomOnMouseWheel: "ctrl" }] : undefined,
    xAxis: {
      type: "category",
      data: names,
      axisLabel: { color: colors.colorTextSecondary, interval: names.length > 14 ? "auto" : 0, rotate: names.length > 8 ? 35 : 0, hideOverlap: true },
      axisLine: { lineStyle: { color: colors.colorBorderSecondary } },
      axisTick: { show: false },
    },
    yAxis: { type: "value", minInterval: 1, axisLabel: { color: colors.colorTextSecondary }, splitLine: { lineStyle: { color: colors.colorBorderSecondary } } },
    series,
  };
}
