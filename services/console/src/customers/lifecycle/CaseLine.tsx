import { Flex, Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { ChurnCase } from "@/api/types";
import { EntryLabel } from "../dictionaries/pickers";
import { isOverdue } from "./stages";

const colors: Partial<Record<ChurnCase["state"], string>> = {
  CHURN_STATE_WARNED: "orange",
  CHURN_STATE_REPRIEVED: "blue",
  CHURN_STATE_LOST: "red",
  CHURN_STATE_SAVED: "green",
};

/** One case in a line or two: who, why, until when, by whom. */
export function CaseLine({ churn, linked = false }: { churn: ChurnCase; linked?: boolean }) {
  const { t } = useTranslation();
  const overdue = isOverdue(churn);
  return (
    <Flex vertical gap={2} style={{ minWidth: 0 }}>
      <Flex gap={8} wrap align="center">
        {linked && <Link to={`/customers/${churn.customerId}`}>{churn.customerName}</Link>}
        <Tag color={colors[churn.state]} style={{ margin: 0 }}>
          {t(`levels.churn.states.${churn.state}`)}
        </Tag>
        <EntryLabel dictionary="loss_reason" code={churn.lossCode} />
        <span>{churn.cause}</span>
      </Flex>
      {churn.measures && <span>{churn.measures}</span>}
      <Typography.Text type={overdue ? "danger" : "secondary"}>
        {t(overdue ? "levels.churn.overdue" : "levels.churn.until", { date: churn.dueDate })} · {churn.ownerName}
      </Typography.Text>
    </Flex>
  );
}
