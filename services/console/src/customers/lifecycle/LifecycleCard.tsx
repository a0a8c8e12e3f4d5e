// Where a customer stands: the stage with its history, and what is or was done lest the customer leave.
import { useState } from "react";
import { WarningOutlined } from "@ant-design/icons";
import { Button, Card, Collapse, Dropdown, Flex, Tag, Timeline, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { usePages } from "@/api/pages";
import type { ChurnCase, Customer, CustomerStageInput } from "@/api/types";
import { useAccess } from "@/app/access";
import { LoadMore } from "@/shared/LoadMore";
import { useNotices } from "@/shared/notices";
import { ReasonDialog } from "@/shared/ReasonDialog";
import { Loaded } from "@/shared/states";
import { Time } from "@/shared/Time";
import { listChurnCases, listStageChanges, moveStage, useChurnChanged, useChurnSteps } from "./api";
import { CaseActions, OpenCaseForm } from "./CaseActions";
import { CaseLine } from "./CaseLine";
import { isOpen, stagesAfter } from "./stages";

export function LifecycleCard({ customer }: { customer: Customer }) {
  const { t } = useTranslation();
  const { reaches } = useAccess();
  const notices = useNotices();
  const changed = useChurnChanged();
  const [opening, setOpening] = useState(false);
  const [moving, setMoving] = useState<CustomerStageInput>();
  const cases = usePages(["churn", "customer", customer.id], (pageToken) => listChurnCases(`customer_id = "${customer.id}"`, pageToken, 10));
  const writes = reaches("PERMISSION_CUSTOMERS_UPDATE", customer) && customer.state === "CUSTOMER_STATE_ACTIVE";
  const following = stagesAfter(customer.stage);
  return (
    <Card
      title={
        <Flex gap={8} align="center">
          {t("levels.churn.lifecycle")}
          <Tag style={{ margin: 0 }}>{t(`enums.CustomerStage.${customer.stage}`)}</Tag>
        </Flex>
      }
      data-testid="lifecycle"
      extra={
        writes && (
          <Flex>
            <Button type="text" icon={<WarningOutlined />} onClick={() => setOpening(true)} data-testid="warn">
              {t("levels.churn.warn")}
            </Button>
            {following.length > 0 && (
              <Dropdown trigger={["click"]} menu={{ items: following.map((stage) => ({ key: stage, label: t(`enums.CustomerStage.${stage}`), onClick: () => setMoving(stage) })) }}>
                <Button type="text">{t("levels.churn.move")}</Button>
              </Dropdown>
            )}
          </Flex>
        )
      }
    >
      <Flex vertical gap={12}>
        <Loaded query={cases} small>
          {({ pages }) => pages.flatMap((page) => page.cases).map((churn) => <CaseEntry key={churn.id} churn={churn} writes={writes} />)}
        </Loaded>
        <LoadMore query={cases} />
        <Stages customer={customer} />
      </Flex>
      <OpenCaseForm customerId={customer.id} open={opening} onClose={() => setOpening(false)} />
      <ReasonDialog
        open={moving !== undefined}
        title={t("levels.churn.move")}
        text={moving ? t(`enums.CustomerStage.${moving}`) : ""}
        okText={t("common.save")}
        maxLength={200}
        required
        onClose={() => setMoving(undefined)}
        onSubmit={async (reason) => {
          if (!moving) return;
          await moveStage(customer.id, moving, reason);
          notices.done(t("common.saved"));
          await changed();
        }}
      />
    </Card>
  );
}

function CaseEntry({ churn, writes }: { churn: ChurnCase; writes: boolean }) {
  const { t } = useTranslation();
  return (
    <Flex vertical gap={4} data-testid="churn-case">
      <Flex justify="space-between" gap={8}>
        <CaseLine churn={churn} />
        {writes && isOpen(churn) && <CaseActions churn={churn} />}
      </Flex>
      <Collapse ghost size="small" items={[{ key: "steps", label: t("levels.churn.steps"), children: <Steps churn={churn} /> }]} />
    </Flex>
  );
}

function Steps({ churn }: { churn: ChurnCase }) {
  const { t } = useTranslation();
  const steps = useChurnSteps(churn.id, churn.etag);
  return (
    <Loaded query={steps} small>
      {(list) => (
        <Timeline
          items={list.map((step) => ({
            key: step.id,
            content: (
              <Flex vertical>
                <span>
                  {t(`levels.churn.states.${step.state}`)} {step.note && `· ${step.note}`}
                </span>
                <Typography.Text type="secondary">
                  <Time value={step.stepTime} /> {step.userName || t("levels.churn.byRule")} · {t("levels.churn.until", { date: step.dueDate })} {step.ownerName}
                </Typography.Text>
              </Flex>
            ),
          }))}
        />
      )}
    </Loaded>
  );
}

function Stages({ customer }: { customer: Customer }) {
  const { t } = useTranslation();
  const changes = usePages(["churn", "stages", customer.id, customer.etag], (pageToken) => listStageChanges(customer.id, pageToken));
  return (
    <Loaded query={changes} small>
      {({ pages }) => {
        const list = pages.flatMap((page) => page.changes);
        if (list.length === 0) return null;
        return (
          <section aria-label={t("levels.churn.stageHistory")}>
            <Typography.Title level={5}>{t("levels.churn.stageHistory")}</Typography.Title>
            <Timeline
              items={list.map((change) => ({
                key: change.id,
                content: (
                  <Flex vertical>
                    <span>
                      {t(`enums.CustomerStage.${change.before}`)} → {t(`enums.CustomerStage.${change.after}`)} {change.reason && `· ${change.reason}`}
                    </span>
                    <Typography.Text type="secondary">
                      <Time value={change.changeTime} /> {change.userName}
                    </Typography.Text>
                  </Flex>
                ),
              }))}
            />
            <LoadMore query={changes} />
          </section>
        );
      }}
    </Loaded>
  );
}
