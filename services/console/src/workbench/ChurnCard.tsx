import { Card, Flex } from "antd";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { listChurnCases, openCases } from "@/customers/lifecycle/api";
import { CaseLine } from "@/customers/lifecycle/CaseLine";

const shown = 5;

/** One's own customers who may leave, the first due first. Not there when there are none. */
export function ChurnCard() {
  const { t } = useTranslation();
  const cases = useQuery({ queryKey: ["churn", "mine"], queryFn: () => listChurnCases(`${openCases} AND owner_id = me()`, undefined, shown) });
  if (!cases.data || cases.data.cases.length === 0) return null;
  return (
    <Card title={t("levels.churn.mine")} extra={<Link to="/churn?show=mine">{t("levels.churn.all")}</Link>} data-testid="churn-mine">
      <Flex vertical gap={12}>
        {cases.data.cases.map((churn) => (
          <CaseLine key={churn.id} churn={churn} linked />
        ))}
      </Flex>
    </Card>
  );
}
