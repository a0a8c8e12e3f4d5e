// Looks for duplicates in the background, and tells how far it has come.
import { useEffect, useRef } from "react";
import { SearchOutlined } from "@ant-design/icons";
import { Alert, Button, Card, Flex, Progress, Typography } from "antd";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { DuplicateSearch } from "@/api/types";
import { useActs } from "@/shared/acts";
import { Time } from "@/shared/Time";
import { latestSearch, startSearch } from "./api";
import { searchPercent } from "./merge";

const lookMillis = 1000;
const isRunning = (search: DuplicateSearch | null | undefined) => search?.state === "DUPLICATE_SEARCH_STATE_RUNNING";

export function SearchCard({ onEnded }: { onEnded: () => Promise<unknown> }) {
  const { t } = useTranslation();
  const latest = useQuery({
    queryKey: ["duplicateSearch"],
    queryFn: latestSearch,
    refetchInterval: (query) => (isRunning(query.state.data) ? lookMillis : false),
  });
  const { attempt } = useActs(() => latest.refetch());
  const search = latest.data;
  const running = isRunning(search);
  const wasRunning = useRef(false);
  useEffect(() => {
    if (wasRunning.current && !running) void onEnded();
    wasRunning.current = running;
  }, [running, onEnded]);
  return (
    <Card data-testid="duplicate-search">
      <Flex justify="space-between" align="center" gap={12} wrap>
        <Flex vertical gap={4} style={{ minWidth: 0, flex: 1 }}>
          {!search && <Typography.Text type="secondary">{t("customers.duplicates.never")}</Typography.Text>}
          {search && running && (
            <>
              <Progress percent={searchPercent(search)} />
              <Typography.Text type="secondary">{t("customers.duplicates.reading", { read: Number(search.readCount), whole: Number(search.customerCount) })}</Typography.Text>
            </>
          )}
          {search?.state === "DUPLICATE_SEARCH_STATE_COMPLETED" && (
            <Typography.Text>
              {t("customers.duplicates.found", { count: Number(search.pairCount), read: Number(search.readCount) })} · <Time value={search.endTime} as="relative" />
            </Typography.Text>
          )}
          {search?.failure && <Alert type="error" showIcon title={search.failure} />}
        </Flex>
        <Button type="primary" icon={<SearchOutlined />} disabled={running} onClick={() => void attempt(startSearch)} data-testid="start-search">
          {t("customers.duplicates.search")}
        </Button>
      </Flex>
      {search && search.largeBlocks.length > 0 && (
        <Alert
          type="info"
          showIcon
          style={{ marginTop: 12 }}
          title={t("customers.duplicates.large")}
          description={search.largeBlocks.map((block, place) => (
            <div key={place}>
              {t(`enums.DuplicateReason.${block.reason}`)}: {t("customers.duplicates.share", { count: Number(block.customerCount) })}{" "}
              {block.customerId && <Link to={`/customers/${block.customerId}`}>{block.customerName}</Link>}
            </div>
          ))}
        />
      )}
    </Card>
  );
}
