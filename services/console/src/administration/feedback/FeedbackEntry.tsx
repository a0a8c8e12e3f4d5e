import type { ReactNode } from "react";
import { Card, Flex, Tag, Typography, theme } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Feedback } from "@/api/types";
import { entryAt } from "@/app/menu";
import { Time } from "@/shared/Time";

const kindColors: Record<Feedback["kind"], string> = {
  FEEDBACK_KIND_UNSPECIFIED: "default",
  FEEDBACK_KIND_PROBLEM: "red",
  FEEDBACK_KIND_WISH: "blue",
  FEEDBACK_KIND_QUESTION: "gold",
  FEEDBACK_KIND_PRAISE: "green",
};

const stateColors: Record<Feedback["state"], string> = {
  FEEDBACK_STATE_UNSPECIFIED: "default",
  FEEDBACK_STATE_OPEN: "orange",
  FEEDBACK_STATE_ANSWERED: "green",
  FEEDBACK_STATE_CLOSED: "default",
};

/** What somebody wrote, and what they were answered. */
export function FeedbackEntry({ feedback, withPerson = false, actions }: { feedback: Feedback; withPerson?: boolean; actions?: ReactNode }) {
  const { t } = useTranslation();
  const { token } = theme.useToken();
  return (
    <Card size="small" data-testid="feedback-entry">
      <Flex vertical gap={8}>
        <Flex gap={8} wrap align="center">
          <Tag color={kindColors[feedback.kind]} style={{ margin: 0 }}>
            {t(`enums.FeedbackKind.${feedback.kind}`)}
          </Tag>
          {withPerson && <strong>{feedback.employeeName}</strong>}
          <Typography.Text type="secondary">
            <Time value={feedback.createTime} as="relative" />
          </Typography.Text>
          {/* Only a path of this console becomes a link; the text comes from the caller. */}
          {/^\/(?!\/)/.test(feedback.page) && (
            <Typography.Text type="secondary" className="one-line" style={{ maxWidth: 260 }}>
              {t("administration.feedback.from")} <PageLink path={feedback.page} />
            </Typography.Text>
          )}
          <Tag color={stateColors[feedback.state]} style={{ margin: 0, marginInlineStart: "auto" }}>
            {t(`enums.FeedbackState.${feedback.state}`)}
          </Tag>
        </Flex>
        <Typography.Paragraph style={{ whiteSpace: "pre-wrap", margin: 0 }}>{feedback.text}</Typography.Paragraph>
        {feedback.answer && (
          <div style={{ padding: "8px 12px", borderRadius: token.borderRadius, background: token.colorFillQuaternary }}>
            <Typography.Text type="secondary" style={{ fontSize: 12 }}>
              {t("administration.feedback.answerOf", { name: feedback.answerUserName })} <Time value={feedback.answerTime} as="relative" />
            </Typography.Text>
            <Typography.Paragraph style={{ whiteSpace: "pre-wrap", margin: 0 }}>{feedback.answer}</Typography.Paragraph>
          </div>
        )}
        {actions && <Flex gap={8}>{actions}</Flex>}
      </Flex>
    </Card>
  );
}

/** A page by its name in the menu; the path tells which record. */
function PageLink({ path }: { path: string }) {
  const { t } = useTranslation();
  const entry = entryAt(path);
  return (
    <Link to={path} title={path}>
      {entry ? t(`app.menu.${entry.key}`) : path}
    </Link>
  );
}
