import { useState } from "react";
import { Button, Card, Flex, Form, Input, Segmented } from "antd";
import { useTranslation } from "react-i18next";
import { usePages } from "@/api/pages";
import type { Feedback } from "@/api/types";
import { FormDrawer } from "@/shared/FormDrawer";
import { LoadMore } from "@/shared/LoadMore";
import { useNotices } from "@/shared/notices";
import { PageHeader } from "@/shared/PageHeader";
import { Loaded, Nothing } from "@/shared/states";
import { usePhone } from "@/shared/usePhone";
import { answerFeedback, closeFeedback, listFeedback, useFeedbackChanged } from "./api";
import { FeedbackEntry } from "./FeedbackEntry";

type Choice = "all" | Exclude<Feedback["state"], "FEEDBACK_STATE_UNSPECIFIED">;

const choices: Choice[] = ["FEEDBACK_STATE_OPEN", "FEEDBACK_STATE_ANSWERED", "FEEDBACK_STATE_CLOSED", "all"];

export function FeedbackPage() {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useFeedbackChanged();
  const phone = usePhone();
  const [choice, setChoice] = useState<Choice>("FEEDBACK_STATE_OPEN");
  const [answering, setAnswering] = useState<Feedback>();
  const state = choice === "all" ? undefined : choice;
  const feedback = usePages(["feedback", "all", state], (pageToken) => listFeedback(state, pageToken));
  const close = async (entry: Feedback) => {
    try {
      await closeFeedback(entry.id, entry.etag);
      notices.done(t("administration.feedback.closed"));
    } catch (fault) {
      notices.fault(fault);
    } finally {
      await changed();
    }
  };
  return (
    <>
      <PageHeader
        title={t("app.menu.feedback")}
        subtitle={t("administration.feedback.subtitle")}
        actions={
          <Segmented<Choice>
            value={choice}
            onChange={setChoice}
            options={choices.map((value) => ({ value, label: value === "all" ? t("common.all") : t(`enums.FeedbackState.${value}`) }))}
          />
        }
      />
      <Card styles={{ body: { padding: phone ? 12 : 16 } }}>
        <Loaded query={feedback}>
          {({ pages }) => {
            const rows = pages.flatMap((page) => page.feedback);
            if (rows.length === 0) return <Nothing text={t(state ? `administration.feedback.emptyOf.${state}` : "administration.feedback.empty")} />;
            return (
              <Flex vertical gap={12} data-testid="feedback">
                {rows.map((entry) => (
                  <FeedbackEntry
                    key={entry.id}
                    feedback={entry}
                    withPerson
                    actions={
                      <>
                        <Button size="small" type={entry.answer ? "default" : "primary"} onClick={() => setAnswering(entry)}>
                          {t(entry.answer ? "administration.feedback.answerAgain" : "administration.feedback.answer")}
                        </Button>
                        {entry.state !== "FEEDBACK_STATE_CLOSED" && (
                          <Button size="small" onClick={() => void close(entry)}>
                            {t("administration.feedback.close")}
                          </Button>
                        )}
                      </>
                    }
                  />
                ))}
              </Flex>
            );
          }}
        </Loaded>
        <LoadMore query={feedback} />
      </Card>
      <FormDrawer<{ answer: string }>
        open={answering !== undefined}
        title={t("administration.feedback.answer")}
        initialValues={{ answer: answering?.answer ?? "" }}
        submitText={t("administration.feedback.send")}
        onClose={() => setAnswering(undefined)}
        onSubmit={async ({ answer }) => {
          if (!answering) return;
          await answerFeedback(answering.id, answer.trim(), answering.etag);
          notices.done(t("administration.feedback.answered"));
          await changed();
        }}
      >
        {answering && <FeedbackEntry feedback={{ ...answering, answer: "" }} withPerson />}
        <Form.Item name="answer" label={t("administration.feedback.answer")} rules={[{ required: true, whitespace: true, message: t("common.required") }]} style={{ marginTop: 16 }}>
          <Input.TextArea maxLength={4000} showCount autoSize={{ minRows: 4, maxRows: 14 }} />
        </Form.Item>
      </FormDrawer>
    </>
  );
}
