// 流失管理: the worklist of open cases, the first due first, and the rules that warn.
import { useState } from "react";
import { SettingOutlined } from "@ant-design/icons";
import { Button, Card, Flex, Segmented } from "antd";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { usePages } from "@/api/pages";
import { useAccess } from "@/app/access";
import { LoadMore } from "@/shared/LoadMore";
import { PageHeader } from "@/shared/PageHeader";
import { Loaded, Nothing } from "@/shared/states";
import { listChurnCases, openCases } from "./api";
import { CaseActions } from "./CaseActions";
import { CaseLine } from "./CaseLine";
import { ChurnRulesDrawer } from "./ChurnRulesDrawer";
import { isOpen } from "./stages";

const filters = {
  mine: `${openCases} AND owner_id = me()`,
  overdue: `${openCases} AND due_date < today()`,
  open: openCases,
  ended: "state = (LOST OR SAVED)",
} as const;

type Choice = keyof typeof filters;

export function ChurnPage() {
  const { t } = useTranslation();
  const { can } = useAccess();
  const [params, setParams] = useSearchParams();
  const [managing, setManaging] = useState(false);
  const asked = params.get("show");
  const choice: Choice = asked && asked in filters ? (asked as Choice) : "open";
  const cases = usePages(["churn", "cases", choice], (pageToken) => listChurnCases(filters[choice], pageToken));
  return (
    <>
      <PageHeader
        title={t("app.menu.churn")}
        subtitle={t("levels.churn.subtitle")}
        actions={
          can("PERMISSION_FIELDS_MANAGE") && (
            <Button icon={<SettingOutlined />} onClick={() => setManaging(true)} data-testid="churn-rules">
              {t("levels.churn.rules")}
            </Button>
          )
        }
      />
      <Segmented<Choice>
        value={choice}
        onChange={(show) => setParams({ show }, { replace: true })}
        options={(Object.keys(filters) as Choice[]).map((value) => ({ value, label: t(`levels.churn.show.${value}`) }))}
        style={{ marginBottom: 12 }}
      />
      <Loaded query={cases}>
        {({ pages }) => {
          const list = pages.flatMap((page) => page.cases);
          if (list.length === 0) return <Nothing text={t("levels.churn.none")} />;
          return (
            <Card data-testid="churn-cases">
              <Flex vertical gap={16}>
                {list.map((churn) => (
                  <Flex key={churn.id} justify="space-between" gap={12}>
                    <CaseLine churn={churn} linked />
                    {isOpen(churn) && can("PERMISSION_CUSTOMERS_UPDATE") && <CaseActions churn={churn} />}
                  </Flex>
                ))}
              </Flex>
            </Card>
          );
        }}
      </Loaded>
      <LoadMore query={cases} />
      <ChurnRulesDrawer open={managing} onClose={() => setManaging(false)} />
    </>
  );
}
