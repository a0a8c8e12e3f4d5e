import { useState } from "react";
import { ReloadOutlined } from "@ant-design/icons";
import { useQueries } from "@tanstack/react-query";
import { Button, Card, Col, Row, Tag } from "antd";
import { useTranslation } from "react-i18next";
import { PageHeader } from "@/shared/PageHeader";
import { Loaded } from "@/shared/states";
import { usePresentServices, type Service } from "../services";
import { getStatus } from "./api";
import { DeadWorkDrawer } from "./DeadWorkDrawer";
import { ServiceCard } from "./ServiceCard";

const refreshEvery = 10_000;

/** The state of every service, each as one of its processes sees it. */
export function StatusPage() {
  const { t } = useTranslation();
  const present = usePresentServices();
  const [open, setOpen] = useState<Service>();
  const states = useQueries({
    queries: present.map((service) => ({ queryKey: ["status", service], queryFn: () => getStatus(service), refetchInterval: refreshEvery })),
  });
  return (
    <>
      <PageHeader
        title={t("app.menu.status")}
        subtitle={t("administration.status.subtitle")}
        actions={
          <Button icon={<ReloadOutlined />} loading={states.some((state) => state.isFetching)} onClick={() => states.forEach((state) => void state.refetch())}>
            {t("common.refresh")}
          </Button>
        }
      />
      <Row gutter={[16, 16]}>
        {present.map((service, place) => {
          const state = states[place];
          if (!state) return null;
          return (
            <Col key={service} xs={24} lg={12} xxl={8}>
              {state.isError && state.data === undefined ? (
                <Card title={t(`identity.services.${service}`)} extra={<Tag color="red">{t("administration.status.health.silent")}</Tag>}>
                  <Loaded query={state} small>
                    {() => null}
                  </Loaded>
                </Card>
              ) : (
                <Loaded query={state}>{(status) => <ServiceCard service={service} status={status} readAt={state.dataUpdatedAt} stale={state.isError} onDead={() => setOpen(service)} />}</Loaded>
              )}
            </Col>
          );
        })}
      </Row>
      <DeadWorkDrawer service={open} onClose={() => setOpen(undefined)} />
    </>
  );
}
