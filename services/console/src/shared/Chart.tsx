// An ECharts canvas that follows its container and the theme. The figures stand beside it as a table for those who
// can't see it.
import { useEffect, useImperativeHandle, useRef, useState, type Ref } from "react";
import { Spin } from "antd";
import type { EChartsCoreOption } from "echarts/core";
import type { ECharts } from "./echarts";

export interface ChartHandle {
  /** The picture as PNG, on an opaque ground. */
  png: (background: string) => string | undefined;
}

interface ChartProps {
  option: EChartsCoreOption;
  height: number;
  label: string;
  /** `edge`: a line of a graph was picked, not a point. */
  onPick?: (place: { dataIndex: number; seriesIndex: number; edge: boolean }) => void;
  ref?: Ref<ChartHandle>;
}

export function Chart({ option, height, label, onPick, ref }: ChartProps) {
  const container = useRef<HTMLDivElement>(null);
  const [chart, setChart] = useState<ECharts>();

  useEffect(() => {
    let instance: ECharts | undefined;
    let gone = false;
    void import("./echarts").then(({ init }) => {
      if (gone || !container.current) return;
      instance = init(container.current);
      setChart(instance);
    });
    return () => {
      gone = true;
      instance?.dispose();
    };
  }, []);

  useEffect(() => chart?.setOption(option, { notMerge: true }), [chart, option]);

  useEffect(() => {
    if (!chart || !container.current) return;
    const observer = new ResizeObserver(() => chart.resize());
    observer.observe(container.current);
    return () => observer.disconnect();
  }, [chart]);

  useEffect(() => {
    if (!chart || !onPick) return;
    const pick = (event: { dataIndex?: number; seriesIndex?: number; dataType?: string }) =>
      event.dataIndex !== undefined && onPick({ dataIndex: event.dataIndex, seriesIndex: event.seriesIndex ?? 0, edge: event.dataType === "edge" });
    chart.on("click", pick as (event: unknown) => void);
    return () => {
      chart.off("click", pick);
    };
  }, [chart, onPick]);

  useImperativeHandle(ref, () => ({
    png: (background) => chart?.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: background }),
  }));

  return (
    <Spin spinning={!chart}>
      <div ref={container} role="img" aria-label={label} style={{ height, width: "100%" }} data-testid="chart" data-ready={chart !== undefined} />
    </Spin>
  );
}
