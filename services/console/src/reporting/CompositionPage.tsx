import { useMemo, useRef } from "react";
import { DownloadOutlined, ReloadOutlined } from "@ant-design/icons";
import { App, Button, Card, Col, Dropdown, Flex, Row, Statistic, theme } from "antd";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";
import { saveBlob } from "@/api/download";
import type { Composition } from "@/api/types";
import { useAccess } from "@/app/access";
import { useNotices } from "@/shared/notices";
import { PageHeader } from "@/shared/PageHeader";
import { Loaded, Nothing } from "@/shared/states";
import { usePhone } from "@/shared/usePhone";
import { useComposition, useRebuild } from "./api";
import { Chart, type ChartHandle } from "@/shared/Chart";
import { readChoice, writeChoice, type ReportChoice } from "./choice";
import { ChoiceBar } from "./ChoiceBar";
import { FeedState } from "./FeedState";
import { FiguresTable } from "./FiguresTable";
import { csvOf, filterAt, tableOf } from "./figures";
import { chartOption } from "./option";
import { useNamer } from "./useNamer";

/** 客户构成: how the customers one may see are made up, now or at any day. */
export function CompositionPage() {
  const { t } = useTranslation();
  const { can } = useAccess();
  const { modal } = App.useApp();
  const notices = useNotices();
  const rebuild = useRebuild();
  const [search, setSearch] = useSearchParams();
  const choice = useMemo(() => readChoice(search), [search]);
  const { dimension, series, asOf, regionLevel, filter } = choice;
  const composition = useComposition({ dimension, series, asOf, regionLevel, filter });
  const change = (next: Partial<ReportChoice>) => setSearch(writeChoice(search, next), { replace: true });

  const askRebuild = () =>
    modal.confirm({
      title: t("reporting.rebuildTitle"),
      content: t("reporting.rebuildText"),
      okText: t("reporting.rebuild"),
      onOk: () => rebuild.mutateAsync().then(() => notices.done(t("reporting.rebuildStarted")), notices.fault),
    });
  return (
    <>
      <PageHeader
        title={t("app.menu.composition")}
        tags={<FeedState feed={composition.data?.feed} />}
        subtitle={t("reporting.subtitle")}
        actions={
          can("PERMISSION_REPORTS_REBUILD") && (
            <Button icon={<ReloadOutlined />} onClick={askRebuild} loading={rebuild.isPending}>
              {t("reporting.rebuild")}
            </Button>
          )
        }
      />
      <Flex vertical gap={16}>
        <ChoiceBar choice={choice} onChange={change} />
        <Loaded query={composition}>{(data) => <Report composition={data} choice={choice} />}</Loaded>
      </Flex>
    </>
  );
}

function Report({ composition, choice }: { composition: Composition; choice: ReportChoice }) {
  const { t } = useTranslation();
  const { token } = theme.useToken();
  const phone = usePhone();
  const navigate = useNavigate();
  const chart = useRef<ChartHandle>(null);
  const nameKey = useNamer(choice.dimension);
  const nameSeries = useNamer(choice.series);
  const table = tableOf(composition.slices, nameKey, nameSeries, t("reporting.other"));
  const title = t(`enums.Dimension.${choice.dimension}`);
  // Names come from dictionaries that load by themselves; the option follows the names, not the functions.
  const shown = JSON.stringify([table.rows.map((row) => [row.name, row.count]), table.series, choice.chart, phone, token.colorText]);
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const option = useMemo(() => chartOption(table, choice.chart, token, phone, t("reporting.rest")), [shown]);

  if (table.total === 0) return <Card><Nothing text={t("reporting.empty")} /></Card>;

  const canDrill = !choice.asOf;
  const drill = (filter: string | undefined) => {
    if (filter !== undefined && canDrill) void navigate(`/customers?filter=${encodeURIComponent(filter)}`);
  };
  const saveCsv = () => {
    const csv = csvOf(table, { key: title, count: t("reporting.count"), share: t("reporting.share") });
    saveBlob(new Blob([csv], { type: "text/csv;charset=utf-8" }), `${t("app.menu.composition")}-${title}.csv`);
  };
  const savePng = async () => {
    const url = chart.current?.png(token.colorBgContainer);
    if (url) saveBlob(await (await fetch(url)).blob(), `${t("app.menu.composition")}-${title}.png`);
  };
  return (
    <Row gutter={[16, 16]}>
      <Col xs={24} xl={15}>
        <Card
          title={title}
          extra={
            <Dropdown
              trigger={["click"]}
              menu={{
                items: [
                  { key: "png", label: t("reporting.savePng"), onClick: () => void savePng() },
                  { key: "csv", label: t("reporting.saveCsv"), onClick: saveCsv },
                ],
              }}
            >
              <Button type="text" icon={<DownloadOutlined />} aria-label={t("common.download")} title={t("common.download")} data-testid="save-chart" />
            </Dropdown>
          }
        >
          <Chart ref={chart} option={option} height={phone ? 400 : 440} label={t("reporting.chartLabel", { dimension: title, total: table.total })} onPick={({ dataIndex, seriesIndex }) => drill(filterAt(table, dataIndex, seriesIndex))} />
        </Card>
      </Col>
      <Col xs={24} xl={9}>
        <Card>
          <Statistic title={t("reporting.total")} value={Number(composition.totalCount)} style={{ marginBottom: 12 }} data-testid="composition-total" />
          <FiguresTable table={table} title={title} onDrill={canDrill ? drill : undefined} />
        </Card>
      </Col>
    </Row>
  );
}
