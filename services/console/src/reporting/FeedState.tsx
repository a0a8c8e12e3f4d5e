import { CheckCircleOutlined, SyncOutlined } from "@ant-design/icons";
import { Tag, Tooltip } from "antd";
import { useTranslation } from "react-i18next";
import type { Feed } from "@/api/types";
import { Time } from "@/shared/Time";

/** Whether the figures have everything in them that has happened. */
export function FeedState({ feed }: { feed: Feed | undefined }) {
  const { t } = useTranslation();
  if (!feed) return null;
  const pending = Number(feed.pendingEventCount);
  const last = feed.lastEventTime && (
    <>
      {t("reporting.lastEvent")} <Time value={feed.lastEventTime} />
    </>
  );
  return (
    <Tooltip title={last}>
      {feed.rebuilding || pending > 0 ? (
        <Tag icon={<SyncOutlined spin />} color="blue" data-testid="feed" tabIndex={0}>
          {feed.rebuilding ? t("reporting.rebuilding", { count: pending }) : t("reporting.pending", { count: pending })}
        </Tag>
      ) : (
        <Tag icon={<CheckCircleOutlined />} color="green" data-testid="feed" tabIndex={0}>
          {t("reporting.upToDate")}
        </Tag>
      )}
    </Tooltip>
  );
}
