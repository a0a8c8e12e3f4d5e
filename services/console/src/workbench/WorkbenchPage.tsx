import { Card, Col, Flex, Row } from "antd";
import dayjs from "dayjs";
import { useTranslation } from "react-i18next";
import { useAccess } from "@/app/access";
import { PageHeader } from "@/shared/PageHeader";
import { AgendaCard } from "./AgendaCard";
import { ChurnCard } from "./ChurnCard";
import { CompositionCard } from "./CompositionCard";
import { ExpiringCard } from "./ExpiringCard";
import { MineCard, RecentCard } from "./CustomersCards";
import { Welcome } from "./Welcome";

/** 工作台: what is due today, whom one worked with last, and where things stand. */
export function WorkbenchPage() {
  const { t } = useTranslation();
  const { profile, can, has } = useAccess();
  const hour = dayjs().hour();
  const greeting = t(hour < 11 ? "app.workbench.morning" : hour < 14 ? "app.workbench.noon" : hour < 18 ? "app.workbench.afternoon" : "app.workbench.evening", { name: profile?.displayName });
  const customers = has("customers") && can("PERMISSION_CUSTOMERS_READ");
  const agenda = customers && can("PERMISSION_INTERACTIONS_READ");
  const reports = has("reporting") && can("PERMISSION_REPORTS_READ");
  return (
    <>
      <PageHeader title={t("app.menu.workbench")} subtitle={`${greeting} · ${dayjs().format("YYYY-MM-DD dddd")}`} />
      <Row gutter={[16, 16]}>
        <Col xs={24} xl={14}>
          {agenda ? <AgendaCard employeeId={profile?.id ?? ""} /> : <Card><Welcome /></Card>}
        </Col>
        <Col xs={24} xl={10}>
          <Flex vertical gap={16}>
            {customers && <RecentCard employeeId={profile?.id} />}
            {customers && <ChurnCard />}
            {customers && <ExpiringCard />}
            {customers && <MineCard />}
            {reports && <CompositionCard />}
          </Flex>
        </Col>
      </Row>
    </>
  );
}
