// The grades of a customer: what rules or people have given, until when, and how it came to be so.
import { useState } from "react";
import { Button, Card, DatePicker, Flex, Form, Input, Tag, Timeline, Typography } from "antd";
import type { Dayjs } from "dayjs";
import { useTranslation } from "react-i18next";
import { usePages } from "@/api/pages";
import type { Customer, CustomerGrade, GradeChange } from "@/api/types";
import { useAccess } from "@/app/access";
import { FormDrawer } from "@/shared/FormDrawer";
import { LoadMore } from "@/shared/LoadMore";
import { useNotices } from "@/shared/notices";
import { ReasonDialog } from "@/shared/ReasonDialog";
import { Loaded, Nothing } from "@/shared/states";
import { Time } from "@/shared/Time";
import { useCustomerChanged } from "../api";
import { useDictionaries } from "../dictionaries/api";
import { useEntryName } from "../dictionaries/entries";
import { EntryLabel, EntrySelect } from "../dictionaries/pickers";
import { listGradeChanges, releaseGrade, setGrade, useCustomerGrades } from "./api";

/** What schemes are called. */
export function useSchemeName(): (code: string) => string {
  const { data } = useDictionaries();
  const nameOf = useEntryName();
  return (code) => {
    const scheme = data?.find((dictionary) => dictionary.code === code);
    return scheme ? nameOf(scheme) : code;
  };
}

export function GradesCard({ customer }: { customer: Customer }) {
  const { t } = useTranslation();
  const { reaches } = useAccess();
  const notices = useNotices();
  const changed = useCustomerChanged();
  const nameOf = useSchemeName();
  const grades = useCustomerGrades(customer.id, customer.etag);
  const [setting, setSetting] = useState<CustomerGrade>();
  const [releasing, setReleasing] = useState<CustomerGrade>();
  const writes = reaches("PERMISSION_CUSTOMERS_UPDATE", customer) && customer.state === "CUSTOMER_STATE_ACTIVE";
  return (
    <Card title={t("levels.grade.title")} data-testid="grades">
      <Loaded query={grades} small>
        {(list) => (
          <Flex vertical gap={8}>
            {list
              .filter((grade) => grade.code || writes)
              .map((grade) => (
                <Flex key={grade.scheme} gap={8} align="center" wrap data-testid={`grade-${grade.scheme}`}>
                  <span style={{ minWidth: 88 }}>{nameOf(grade.scheme)}</span>
                  {grade.code ? <EntryLabel dictionary={grade.scheme} code={grade.code} /> : <Typography.Text type="secondary">—</Typography.Text>}
                  {grade.byHand && <ByHand grade={grade} />}
                  {writes && (
                    <span style={{ marginInlineStart: "auto" }}>
                      {grade.byHand && (
                        <Button type="link" size="small" onClick={() => setReleasing(grade)}>
                          {t("levels.grade.release")}
                        </Button>
                      )}
                      <Button type="link" size="small" onClick={() => setSetting(grade)} title={`${t("levels.grade.set")} ${nameOf(grade.scheme)}`}>
                        {t("levels.grade.set")}
                      </Button>
                    </span>
                  )}
                </Flex>
              ))}
            <History customer={customer} />
          </Flex>
        )}
      </Loaded>
      <SetForm customer={customer} grade={setting} onClose={() => setSetting(undefined)} />
      <ReasonDialog
        open={releasing !== undefined}
        title={t("levels.grade.releaseTitle")}
        text={t("levels.grade.releaseText")}
        okText={t("levels.grade.release")}
        maxLength={200}
        onClose={() => setReleasing(undefined)}
        onSubmit={async (reason) => {
          await releaseGrade(customer.id, releasing?.scheme ?? "", reason);
          notices.done(t("levels.grade.released"));
          await changed();
        }}
      />
    </Card>
  );
}

function ByHand({ grade }: { grade: CustomerGrade }) {
  const { t } = useTranslation();
  return (
    <>
      <Tag style={{ margin: 0 }}>{t("levels.grade.byHand")}</Tag>
      <Typography.Text type="secondary">
        {[grade.reason, grade.setUserName].filter(Boolean).join(" · ")}
        {grade.expireTime && (
          <>
            {" · "}
            {t("levels.grade.until")} <Time value={grade.expireTime} />
          </>
        )}
      </Typography.Text>
    </>
  );
}

interface Values {
  code: string;
  reason: string;
  expireTime?: Dayjs | null;
}

function SetForm({ customer, grade, onClose }: { customer: Customer; grade: CustomerGrade | undefined; onClose: () => void }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useCustomerChanged();
  const nameOf = useSchemeName();
  const scheme = grade?.scheme ?? "";
  const required = { required: true, whitespace: true, message: t("common.required") };
  return (
    <FormDrawer<Values>
      open={grade !== undefined}
      title={t("levels.grade.setTitle", { name: nameOf(scheme) })}
      initialValues={{ code: grade?.code ?? "", reason: "" }}
      testId="grade-form"
      onClose={onClose}
      onSubmit={async ({ code, reason, expireTime }) => {
        await setGrade(customer.id, scheme, { code, reason, expireTime: expireTime?.toISOString() });
        notices.done(t("levels.grade.saved"));
        await changed();
      }}
    >
      <Form.Item name="code" label={t("levels.grade.grade")} rules={[required]}>
        <EntrySelect dictionary={scheme} />
      </Form.Item>
      <Form.Item name="reason" label={t("common.reason")} rules={[required]}>
        <Input.TextArea maxLength={200} autoSize={{ minRows: 2, maxRows: 4 }} />
      </Form.Item>
      {grade?.ruled && (
        <Form.Item name="expireTime" label={t("levels.grade.expireTime")}>
          <DatePicker showTime={{ format: "HH:mm" }} style={{ width: "100%" }} />
        </Form.Item>
      )}
    </FormDrawer>
  );
}

function History({ customer }: { customer: Customer }) {
  const { t } = useTranslation();
  const changes = usePages(["grades", "history", customer.id, customer.etag], (pageToken) => listGradeChanges(customer.id, pageToken));
  return (
    <section aria-label={t("levels.grade.history")} data-testid="grade-history">
      <Typography.Title level={5}>{t("levels.grade.history")}</Typography.Title>
      <Loaded query={changes} small>
        {({ pages }) => {
          const list = pages.flatMap((page) => page.changes);
          if (list.length === 0) return <Nothing text={t("levels.grade.noHistory")} small />;
          return <Timeline items={list.map((change) => ({ key: change.id, content: <Change change={change} /> }))} />;
        }}
      </Loaded>
      <LoadMore query={changes} />
    </section>
  );
}

function Change({ change }: { change: GradeChange }) {
  const { t } = useTranslation();
  const nameOf = useSchemeName();
  return (
    <Flex vertical gap={2}>
      <Flex gap={8} wrap align="center">
        <strong>{nameOf(change.scheme)}</strong>
        {change.before !== change.after && <Grade scheme={change.scheme} code={change.before} />}
        {change.before !== change.after && <span aria-hidden>→</span>}
        <Grade scheme={change.scheme} code={change.after} />
        <span>{t(`levels.cause.${change.cause}`)}</span>
        {change.version > 0 && <span>{t("levels.grade.version", { version: change.version })}</span>}
      </Flex>
      {change.reason && <span>{change.reason}</span>}
      <Typography.Text type="secondary">
        <Time value={change.changeTime} />
        {change.userName && ` · ${change.userName}`}
      </Typography.Text>
    </Flex>
  );
}

/** A grade, or that there is none. */
export function Grade({ scheme, code }: { scheme: string; code: string }) {
  const { t } = useTranslation();
  return code ? <EntryLabel dictionary={scheme} code={code} /> : <Typography.Text type="secondary">{t("levels.grade.noGrade")}</Typography.Text>;
}
