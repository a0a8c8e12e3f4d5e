// The feedback box: everybody's way to say what is wrong or missing, and to read the answers.
import { useState } from "react";
import { Button, Checkbox, Drawer, Flex, Form, Input, Segmented, Tabs, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { useLocation } from "react-router";
import { usePages } from "@/api/pages";
import type { FeedbackKindInput } from "@/api/types";
import { FormFault } from "@/shared/FormFault";
import { LoadMore } from "@/shared/LoadMore";
import { useNotices } from "@/shared/notices";
import { Loaded, Nothing } from "@/shared/states";
import { usePhone } from "@/shared/usePhone";
import { useInstallation } from "../parameters/api";
import { createFeedback, listOwnFeedback, useFeedbackChanged } from "./api";
import { FeedbackEntry } from "./FeedbackEntry";

const kinds: FeedbackKindInput[] = ["FEEDBACK_KIND_PROBLEM", "FEEDBACK_KIND_WISH", "FEEDBACK_KIND_QUESTION", "FEEDBACK_KIND_PRAISE"];

export function FeedbackDrawer({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const phone = usePhone();
  const [tab, setTab] = useState("give");
  return (
    <Drawer open onClose={onClose} size={phone ? window.innerWidth : 480} title={t("administration.feedback.open")} data-testid="feedback-box">
      <Tabs
        activeKey={tab}
        onChange={setTab}
        items={[
          { key: "give", label: t("administration.feedback.give"), children: <Give onSent={() => setTab("own")} /> },
          { key: "own", label: t("administration.feedback.own"), children: <Own /> },
        ]}
      />
    </Drawer>
  );
}

interface Values {
  kind: FeedbackKindInput;
  text: string;
  withPage: boolean;
}

function Give({ onSent }: { onSent: () => void }) {
  const { t } = useTranslation();
  const { pathname } = useLocation();
  const notices = useNotices();
  const changed = useFeedbackChanged();
  const installation = useInstallation();
  const [form] = Form.useForm<Values>();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>();
  const contact = installation.data?.supportContact;
  const submit = async ({ kind, text, withPage }: Values) => {
    setBusy(true);
    setFault(undefined);
    try {
      // The address without its search: filters may hold personal data.
      await createFeedback({ kind, text: text.trim(), page: withPage ? pathname.slice(0, 300) : "" });
      form.resetFields();
      notices.done(t("administration.feedback.sent"));
      await changed();
      onSent();
    } catch (error) {
      setFault(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <FormFault fault={fault} />
      <Form<Values> form={form} layout="vertical" initialValues={{ kind: "FEEDBACK_KIND_PROBLEM", text: "", withPage: true }} onFinish={submit}>
        <Form.Item name="kind" label={t("administration.feedback.kind")}>
          <Segmented options={kinds.map((kind) => ({ value: kind, label: t(`enums.FeedbackKind.${kind}`) }))} />
        </Form.Item>
        <Form.Item name="text" label={t("administration.feedback.text")} rules={[{ required: true, whitespace: true, message: t("common.required") }]}>
          <Input.TextArea maxLength={4000} showCount autoSize={{ minRows: 5, maxRows: 14 }} placeholder={t("administration.feedback.textHint")} />
        </Form.Item>
        <Form.Item name="withPage" valuePropName="checked">
          <Checkbox>{t("administration.feedback.withPage")}</Checkbox>
        </Form.Item>
        <Button type="primary" htmlType="submit" loading={busy} data-testid="send-feedback">
          {t("administration.feedback.send")}
        </Button>
      </Form>
      {contact && (
        <Typography.Paragraph type="secondary" style={{ marginTop: 24 }}>
          {t("administration.feedback.support", { contact })}
        </Typography.Paragraph>
      )}
    </>
  );
}

function Own() {
  const { t } = useTranslation();
  const own = usePages(["feedback", "own"], listOwnFeedback);
  return (
    <>
      <Loaded query={own} small>
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.feedback);
          if (rows.length === 0) return <Nothing text={t("administration.feedback.empty")} />;
          return (
            <Flex vertical gap={12}>
              {rows.map((feedback) => (
                <FeedbackEntry key={feedback.id} feedback={feedback} />
              ))}
            </Flex>
          );
        }}
      </Loaded>
      <LoadMore query={own} />
    </>
  );
}
