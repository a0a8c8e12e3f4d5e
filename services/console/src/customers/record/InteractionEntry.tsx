import { useState } from "react";
import { ArrowRightOutlined, EditOutlined } from "@ant-design/icons";
import { Button, Flex, Tag, Typography } from "antd";
import dayjs from "dayjs";
import { useTranslation } from "react-i18next";
import type { Customer, Interaction } from "@/api/types";
import { useAccess } from "@/app/access";
import { useNotices } from "@/shared/notices";
import { ReasonDialog } from "@/shared/ReasonDialog";
import { Time } from "@/shared/Time";
import { cancelInteraction, useCustomerChanged } from "../api";
import { CustomValues } from "../fields/CustomFields";

interface InteractionEntryProps {
  customer: Customer;
  interaction: Interaction;
  onEdit: () => void;
  onComplete: () => void;
}

export function InteractionEntry({ customer, interaction, onEdit, onComplete }: InteractionEntryProps) {
  const { t } = useTranslation();
  const { reaches } = useAccess();
  const notices = useNotices();
  const changed = useCustomerChanged();
  const [cancelling, setCancelling] = useState(false);
  const planned = interaction.state === "INTERACTION_STATE_PLANNED";
  const cancelled = interaction.state === "INTERACTION_STATE_CANCELLED";
  const writes = reaches("PERMISSION_INTERACTIONS_WRITE", customer);
  const facts = [
    t(`enums.InteractionType.${interaction.type ?? "INTERACTION_TYPE_UNSPECIFIED"}`),
    interaction.contactNames.join(t("customers.interaction.and")),
    interaction.durationMinutes > 0 ? t("customers.interaction.took", { count: interaction.durationMinutes }) : "",
    interaction.place,
  ];
  return (
    <Flex vertical gap={4}>
      <Flex gap={8} align="center">
        <Typography.Text strong delete={cancelled}>
          {interaction.subject}
        </Typography.Text>
        <StateTag interaction={interaction} />
        {writes && !cancelled && (
          <Button
            size="small"
            type="text"
            icon={<EditOutlined />}
            onClick={onEdit}
            aria-label={`${t("common.edit")} ${interaction.subject}`}
            title={t("common.edit")}
            style={{ marginInlineStart: "auto", opacity: 0.6 }}
          />
        )}
      </Flex>
      <Typography.Text type="secondary" style={{ fontSize: 13 }}>
        {facts.filter(Boolean).join(" · ")}
      </Typography.Text>
      {interaction.content && (
        <Typography.Paragraph style={{ margin: 0, whiteSpace: "pre-wrap" }} ellipsis={{ rows: 4, expandable: "collapsible", symbol: (open) => t(open ? "customers.timeline.less" : "customers.timeline.more") }}>
          {interaction.content}
        </Typography.Paragraph>
      )}
      <CustomValues recordKind="RECORD_KIND_INTERACTION" values={interaction.customFields} />
      {interaction.cancelReason && (
        <Typography.Text type="secondary">
          {t("common.reason")}: {interaction.cancelReason}
        </Typography.Text>
      )}
      {interaction.nextStep && (
        <Typography.Text>
          <ArrowRightOutlined style={{ fontSize: 12 }} /> {interaction.nextStep} {interaction.nextStepTime && <Time value={interaction.nextStepTime} />}
        </Typography.Text>
      )}
      {writes && planned && (
        <Flex gap={8}>
          <Button size="small" type="primary" ghost onClick={onComplete} data-testid="complete-interaction">
            {t("customers.interaction.complete")}
          </Button>
          <Button size="small" onClick={() => setCancelling(true)}>
            {t("customers.interaction.cancel")}
          </Button>
        </Flex>
      )}
      <ReasonDialog
        open={cancelling}
        title={t("customers.interaction.cancelTitle", { subject: interaction.subject })}
        text={t("customers.interaction.cancelText")}
        okText={t("customers.interaction.cancel")}
        required
        danger
        onClose={() => setCancelling(false)}
        onSubmit={async (reason) => {
          await cancelInteraction(interaction.id, reason, interaction.etag);
          notices.done(t("customers.interaction.cancelled"));
          await changed();
        }}
      />
    </Flex>
  );
}

function StateTag({ interaction }: { interaction: Interaction }) {
  const { t } = useTranslation();
  const state = interaction.state ?? "INTERACTION_STATE_UNSPECIFIED";
  if (state === "INTERACTION_STATE_DONE") return null;
  const overdue = state === "INTERACTION_STATE_PLANNED" && dayjs(interaction.occurTime).isBefore(dayjs());
  return (
    <Tag color={overdue ? "red" : state === "INTERACTION_STATE_PLANNED" ? "blue" : undefined} style={{ margin: 0 }}>
      {overdue ? t("customers.interaction.overdue") : t(`enums.InteractionState.${state}`)}
    </Tag>
  );
}
