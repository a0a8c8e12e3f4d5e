import { useMemo } from "react";
import { Card, theme } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { useComposition } from "@/reporting/api";
import { Chart } from "@/shared/Chart";
import { filterAt, tableOf } from "@/reporting/figures";
import { chartOption } from "@/reporting/option";
import { useNamer } from "@/reporting/useNamer";
import { Loaded, Nothing } from "@/shared/states";
import type { Composition } from "@/api/types";

const choice = { dimension: "DIMENSION_LEVEL" } as const;

export function CompositionCard() {
  const { t } = useTranslation();
  const composition = useComposition(choice);
  return (
    <Card title={t("app.workbench.composition")} size="small" extra={<Link to="/reports/composition">{t("common.more")}</Link>}>
      <Loaded query={composition} small>
        {(data) => <Levels composition={data} />}
      </Loaded>
    </Card>
  );
}

function Levels({ composition }: { composition: Composition }) {
  const { t } = useTranslation();
  const { token } = theme.useToken();
  const navigate = useNavigate();
  const namer = useNamer(choice.dimension);
  const table = tableOf(composition.slices, namer, () => "", t("reporting.other"));
  const shown = JSON.stringify([table.rows.map((row) => [row.name, row.count]), token.colorText]);
  // The names change when their dictionary has loaded; the namer itself changes with every rendering.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const option = useMemo(() => chartOption(table, "pie", token, true, t("reporting.rest")), [shown]);
  if (table.total === 0) return <Nothing text={t("reporting.empty")} />;
  return (
    <Chart
      option={option}
      height={230}
      label={t("reporting.chartLabel", { dimension: t("enums.Dimension.DIMENSION_LEVEL"), total: table.total })}
      onPick={({ dataIndex }) => {
        const filter = filterAt(table, dataIndex, 0);
        if (filter !== undefined) void navigate(`/customers?filter=${encodeURIComponent(filter)}`);
      }}
    />
  );
}
