import { Flex, Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { RuleRun } from "@/api/types";

const colors: Partial<Record<RuleRun["state"], string>> = {
  RULE_RUN_STATE_RUNNING: "blue",
  RULE_RUN_STATE_DONE: "green",
  RULE_RUN_STATE_FAILED: "red",
};

/** How far rules have come through all customers. */
export function RunState({ run }: { run: RuleRun | undefined }) {
  const { t } = useTranslation();
  if (!run) return null;
  return (
    <Flex gap={8} align="center" wrap>
      <Tag color={colors[run.state]} style={{ margin: 0 }}>
        {t(`levels.run.${run.state}`)}
      </Tag>
      <Typography.Text type="secondary" className="tabular">
        {t("levels.runCounts", { seen: run.seenCount, total: run.totalCount, changed: run.changedCount })}
      </Typography.Text>
    </Flex>
  );
}
