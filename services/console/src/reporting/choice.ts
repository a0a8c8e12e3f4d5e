// What the report shows, kept in the address.
import type { ReportDimension } from "@/api/types";
import type { CompositionChoice } from "./api";
import type { ChartKind } from "./option";

export const dimensions: ReportDimension[] = [
  "DIMENSION_REGION",
  "DIMENSION_INDUSTRY",
  "DIMENSION_LEVEL",
  "DIMENSION_SOURCE",
  "DIMENSION_MONTH",
  "DIMENSION_GRADE",
  "DIMENSION_KIND",
  "DIMENSION_OWNER",
];

export interface ReportChoice extends CompositionChoice {
  chart: ChartKind;
}

const names = { dimension: "by", series: "then", asOf: "asOf", regionLevel: "regionLevel", filter: "filter", chart: "chart" } as const;

const dimensionOf = (name: string | null): ReportDimension | undefined =>
  dimensions.find((dimension) => dimension === `DIMENSION_${name?.toUpperCase()}`);

export function chartsFor(dimension: ReportDimension, series: ReportDimension | undefined): ChartKind[] {
  if (series) return dimension === "DIMENSION_MONTH" ? ["stacked", "line", "bar"] : ["stacked", "bar"];
  return dimension === "DIMENSION_MONTH" ? ["line", "bar"] : ["pie", "bar"];
}

export function readChoice(search: URLSearchParams): ReportChoice {
  const dimension = dimensionOf(search.get(names.dimension)) ?? "DIMENSION_REGION";
  const series = dimensionOf(search.get(names.series));
  const level = Number(search.get(names.regionLevel) ?? 0);
  const charts = chartsFor(dimension, series === dimension ? undefined : series);
  return {
    dimension,
    series: series === dimension ? undefined : series,
    asOf: search.get(names.asOf) ?? undefined,
    regionLevel: level >= 1 && level <= 3 ? level : undefined,
    filter: search.get(names.filter) ?? undefined,
    chart: charts.find((kind) => kind === search.get(names.chart)) ?? charts[0] ?? "bar",
  };
}

export function writeChoice(search: URLSearchParams, change: Partial<ReportChoice>): URLSearchParams {
  const next = new URLSearchParams(search);
  for (const [key, value] of Object.entries(change)) {
    const name = names[key as keyof ReportChoice];
    const text = value === undefined ? "" : String(value).replace(/^DIMENSION_/, "");
    if (text) next.set(name, key === "dimension" || key === "series" ? text.toLowerCase() : text);
    else next.delete(name);
  }
  return next;
}
