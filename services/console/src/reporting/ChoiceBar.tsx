import { useState } from "react";
import { BarChartOutlined, FilterOutlined, LineChartOutlined, PieChartOutlined, StockOutlined } from "@ant-design/icons";
import { Button, Card, DatePicker, Flex, Segmented, Select, Typography } from "antd";
import dayjs from "dayjs";
import { useTranslation } from "react-i18next";
import type { Dimension, ReportDimension } from "@/api/types";
import { useAttributes } from "@/customers/attributes";
import { FilterChips } from "@/customers/filter/FilterChips";
import { FilterDrawer } from "@/customers/filter/FilterDrawer";
import { chartsFor, dimensions, type ReportChoice } from "./choice";
import type { ChartKind } from "./option";

const icons: Record<ChartKind, React.ReactNode> = {
  pie: <PieChartOutlined />,
  bar: <BarChartOutlined />,
  stacked: <StockOutlined />,
  line: <LineChartOutlined />,
};

// What the star schema knows of a customer, and so what a report can be limited to.
const reported = new Set(["kind", "region", "industry", "source", "level", "grade", "status", "owner_id", "group_id", "create_time"]);

export function ChoiceBar({ choice, onChange }: { choice: ReportChoice; onChange: (change: Partial<ReportChoice>) => void }) {
  const { t } = useTranslation();
  const [filtering, setFiltering] = useState(false);
  const attributes = useAttributes().filter((attribute) => reported.has(attribute.path));
  const byRegion = choice.dimension === "DIMENSION_REGION" || choice.series === "DIMENSION_REGION";
  const options = <D extends Dimension>(list: D[]) => list.map((value) => ({ value, label: t(`enums.Dimension.${value}`) }));
  const label = (text: string, control: React.ReactNode) => (
    <Flex vertical gap={4}>
      <Typography.Text type="secondary" style={{ fontSize: 12 }}>
        {text}
      </Typography.Text>
      {control}
    </Flex>
  );
  return (
    <Card size="small">
      <Flex gap={16} wrap align="flex-end">
        {label(t("reporting.dimension"), <Select<ReportDimension> aria-label={t("reporting.dimension")} value={choice.dimension} onChange={(dimension) => onChange({ dimension, chart: undefined })} options={options(dimensions)} style={{ width: 140 }} data-testid="dimension" />)}
        {label(
          t("reporting.series"),
          <Select<Dimension>
            aria-label={t("reporting.series")}
            value={choice.series ?? "DIMENSION_UNSPECIFIED"}
            onChange={(series) => onChange({ series: series === "DIMENSION_UNSPECIFIED" ? undefined : series, chart: undefined })}
            options={options<Dimension>(["DIMENSION_UNSPECIFIED", ...dimensions.filter((dimension) => dimension !== choice.dimension)])}
            style={{ width: 140 }}
          />,
        )}
        {byRegion &&
          label(
            t("reporting.regionLevel"),
            <Segmented<number>
              value={choice.regionLevel ?? 1}
              onChange={(regionLevel) => onChange({ regionLevel })}
              options={[
                { value: 1, label: t("reporting.province") },
                { value: 2, label: t("reporting.city") },
                { value: 3, label: t("reporting.county") },
              ]}
            />,
          )}
        {label(
          t("reporting.asOf"),
          <DatePicker
            aria-label={t("reporting.asOf")}
            value={choice.asOf ? dayjs(choice.asOf) : null}
            onChange={(day) => onChange({ asOf: day?.endOf("day").toISOString() })}
            disabledDate={(day) => day.isAfter(dayjs(), "day")}
            placeholder={t("reporting.now")}
          />,
        )}
        {label(
          t("reporting.chart"),
          <Segmented<ChartKind>
            value={choice.chart}
            onChange={(chart) => onChange({ chart })}
            options={chartsFor(choice.dimension, choice.series).map((kind) => ({ value: kind, icon: icons[kind], title: t(`reporting.charts.${kind}`), label: t(`reporting.charts.${kind}`) }))}
          />,
        )}
        <Button icon={<FilterOutlined />} onClick={() => setFiltering(true)}>
          {t("customers.filter.title")}
        </Button>
      </Flex>
      {choice.filter && (
        <div style={{ marginTop: 12 }}>
          <FilterChips filter={choice.filter} attributes={attributes} onChange={(filter) => onChange({ filter: filter || undefined })} />
        </div>
      )}
      <FilterDrawer open={filtering} filter={choice.filter ?? ""} attributes={attributes} onApply={(filter) => onChange({ filter: filter || undefined })} onClose={() => setFiltering(false)} />
    </Card>
  );
}
