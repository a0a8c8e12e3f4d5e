import { useState } from "react";
import { EditOutlined } from "@ant-design/icons";
import { Card, Flex, Select, Timeline, Typography } from "antd";
import dayjs from "dayjs";
import { useTranslation } from "react-i18next";
import type { Customer, Interaction, TimelineEntry, TimelineKind } from "@/api/types";
import { usePages } from "@/api/pages";
import { LoadMore } from "@/shared/LoadMore";
import { Loaded, Nothing } from "@/shared/states";
import { Time } from "@/shared/Time";
import { listTimeline } from "../api";
import { ChangeEntry } from "./ChangeEntry";
import { InteractionEntry } from "./InteractionEntry";
import { InteractionForm } from "./InteractionForm";
import { InteractionIcon } from "./interactions";

const timelineKinds = [
  "TIMELINE_KIND_INTERACTION",
  "TIMELINE_KIND_CUSTOMER",
  "TIMELINE_KIND_CONTACT",
  "TIMELINE_KIND_RELATION",
  "TIMELINE_KIND_ATTACHMENT",
  "TIMELINE_KIND_OWNERSHIP",
  "TIMELINE_KIND_CONSENT",
  "TIMELINE_KIND_OTHER",
] as const satisfies TimelineKind[];

/** Everything that happened to the customer, latest first. */
export function TimelineCard({ customer }: { customer: Customer }) {
  const { t } = useTranslation();
  const [kinds, setKinds] = useState<TimelineKind[]>([]);
  const timeline = usePages(["timeline", customer.id, kinds], (pageToken) => listTimeline(customer.id, kinds, pageToken));
  const [editing, setEditing] = useState<{ interaction: Interaction; complete: boolean }>();

  const item = (entry: TimelineEntry) => {
    const { interaction, change } = entry;
    return {
      key: entry.id,
      color: interaction ? colorOf(interaction) : "gray",
      icon: interaction ? <InteractionIcon type={interaction.type} /> : <EditOutlined style={{ fontSize: 12 }} />,
      content: (
        <Flex vertical gap={4} data-testid="timeline-entry">
          <Typography.Text type="secondary" style={{ fontSize: 12 }}>
            <Time value={entry.time} /> · {entry.actorName}
          </Typography.Text>
          {interaction && (
            <InteractionEntry
              customer={customer}
              interaction={interaction}
              onEdit={() => setEditing({ interaction, complete: false })}
              onComplete={() => setEditing({ interaction, complete: true })}
            />
          )}
          {change && <ChangeEntry change={change} />}
        </Flex>
      ),
    };
  };
  return (
    <Card
      title={t("customers.timeline.title")}
      data-testid="timeline"
      extra={
        <Select<TimelineKind[]>
          mode="multiple"
          allowClear
          maxTagCount={1}
          value={kinds}
          onChange={setKinds}
          placeholder={t("enums.TimelineKind.TIMELINE_KIND_UNSPECIFIED")}
          aria-label={t("customers.timeline.kinds")}
          options={timelineKinds.map((value) => ({ value, label: t(`enums.TimelineKind.${value}`) }))}
          style={{ minWidth: 160 }}
        />
      }
    >
      <Loaded query={timeline} small>
        {({ pages }) => {
          const entries = pages.flatMap((page) => page.entries);
          if (entries.length === 0) return <Nothing text={t("customers.timeline.empty")} />;
          return <Timeline items={entries.map(item)} />;
        }}
      </Loaded>
      <LoadMore query={timeline} />
      <InteractionForm
        customerId={customer.id}
        interaction={editing?.interaction}
        complete={editing?.complete}
        open={editing !== undefined}
        onClose={() => setEditing(undefined)}
      />
    </Card>
  );
}

function colorOf(interaction: Interaction): string {
  if (interaction.state === "INTERACTION_STATE_CANCELLED") return "gray";
  if (interaction.state !== "INTERACTION_STATE_PLANNED") return "green";
  return dayjs(interaction.occurTime).isBefore(dayjs()) ? "red" : "blue";
}
