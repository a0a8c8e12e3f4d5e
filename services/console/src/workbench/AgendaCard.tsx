import { useState } from "react";
import { ArrowRightOutlined, CheckOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Badge, Button, Card, Flex, Tabs, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Interaction } from "@/api/types";
import { useAccess } from "@/app/access";
import { listInteractions } from "@/customers/api";
import { InteractionForm } from "@/customers/record/InteractionForm";
import { InteractionIcon } from "@/customers/record/interactions";
import { Loaded, Nothing } from "@/shared/states";
import { Time } from "@/shared/Time";
import { agendaOf, type Agenda, type AgendaItem } from "./agenda";

const horizonDays = 7;

/** My planned interactions and next steps: overdue, today, the days to come. */
export function AgendaCard({ employeeId }: { employeeId: string }) {
  const { t } = useTranslation();
  const { can } = useAccess();
  const [completing, setCompleting] = useState<Interaction>();
  const query = useQuery({
    queryKey: ["interactions", "agenda", employeeId],
    queryFn: async () => {
      const ahead = `days_ago(-${horizonDays})`;
      const [planned, followUps] = await Promise.all([
        listInteractions({ filter: `employee_id = me() AND state = PLANNED AND occur_time <= ${ahead}`, orderBy: "occur_time", pageSize: 100 }),
        listInteractions({ filter: `employee_id = me() AND state = DONE AND next_step_time >= days_ago(14) AND next_step_time <= ${ahead}`, orderBy: "next_step_time", pageSize: 100 }),
      ]);
      return { agenda: agendaOf(planned.interactions, followUps.interactions) };
    },
  });
  const sections: (keyof Agenda)[] = ["overdue", "today", "later"];
  const colors: Record<keyof Agenda, string> = { overdue: "red", today: "blue", later: "gray" };
  return (
    <Card title={t("app.workbench.agenda")} size="small" data-testid="agenda" styles={{ body: { paddingTop: 0 } }}>
      <Loaded query={query} small>
        {({ agenda }) => (
          <Tabs
            defaultActiveKey={agenda.overdue.length > 0 && agenda.today.length === 0 ? "overdue" : "today"}
            items={sections.map((section) => ({
              key: section,
              label: (
                <Flex gap={8} align="center">
                  {t(`app.workbench.${section}`)}
                  <Badge count={agenda[section].length} color={colors[section]} size="small" />
                </Flex>
              ),
              children:
                agenda[section].length === 0 ? (
                  <Nothing text={t(`app.workbench.nothing.${section}`)} />
                ) : (
                  <Flex vertical component="ul" gap={4} style={{ listStyle: "none", margin: 0, padding: 0 }}>
                    {agenda[section].map((item) => (
                      <li key={item.interaction.id + String(item.isNextStep)}>
                        <AgendaRow item={item} onComplete={can("PERMISSION_INTERACTIONS_WRITE") && !item.isNextStep ? () => setCompleting(item.interaction) : undefined} />
                      </li>
                    ))}
                  </Flex>
                ),
            }))}
          />
        )}
      </Loaded>
      <InteractionForm customerId={completing?.customerId ?? ""} interaction={completing} complete open={completing !== undefined} onClose={() => setCompleting(undefined)} />
    </Card>
  );
}

function AgendaRow({ item, onComplete }: { item: AgendaItem; onComplete?: () => void }) {
  const { t } = useTranslation();
  const { interaction, isNextStep, time } = item;
  return (
    <Flex gap={12} align="center" style={{ paddingBlock: 8 }}>
      <Typography.Text type="secondary" style={{ fontSize: 16 }}>
        {isNextStep ? <ArrowRightOutlined title={t("app.workbench.nextStep")} /> : <InteractionIcon type={interaction.type} />}
      </Typography.Text>
      <Flex vertical flex={1} style={{ minWidth: 0 }}>
        <Typography.Text ellipsis>{isNextStep ? interaction.nextStep : interaction.subject}</Typography.Text>
        <Typography.Text type="secondary" style={{ fontSize: 13 }}>
          <Link to={`/customers/${interaction.customerId}`}>{interaction.customerName}</Link> · <Time value={time} />
        </Typography.Text>
      </Flex>
      {onComplete && (
        <Button size="small" icon={<CheckOutlined />} onClick={onComplete} title={t("customers.interaction.complete")} aria-label={`${t("customers.interaction.complete")} ${interaction.subject}`} />
      )}
    </Flex>
  );
}
