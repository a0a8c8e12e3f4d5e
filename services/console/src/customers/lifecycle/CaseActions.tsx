// What can be done in an open case: go on with measures, give the customer up for lost, or call it saved.
import { useState } from "react";
import { DatePicker, Form, Input } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import { useTranslation } from "react-i18next";
import type { ChurnCase } from "@/api/types";
import { EmployeePicker } from "@/identity/directory/EmployeePicker";
import { FormDrawer } from "@/shared/FormDrawer";
import { useNotices } from "@/shared/notices";
import { ReasonDialog } from "@/shared/ReasonDialog";
import { RowActions } from "@/shared/RowActions";
import { EntrySelect } from "../dictionaries/pickers";
import { confirmCase, openChurnCase, reprieveCase, saveCase, useChurnChanged } from "./api";

interface Plan {
  text: string;
  ownerId: string;
  dueDate: Dayjs;
}

const day = (date: Dayjs) => date.format("YYYY-MM-DD");

export function CaseActions({ churn }: { churn: ChurnCase }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useChurnChanged();
  const [act, setAct] = useState<"reprieve" | "confirm" | "save">();
  const close = () => setAct(undefined);
  const done = async () => {
    notices.done(t("common.saved"));
    await changed();
  };
  const required = { required: true, whitespace: true, message: t("common.required") };
  return (
    <>
      <RowActions
        name={churn.customerName}
        actions={[
          { label: t("levels.churn.reprieve"), run: () => setAct("reprieve") },
          { label: t("levels.churn.save"), run: () => setAct("save") },
          { label: t("levels.churn.confirm"), danger: true, run: () => setAct("confirm") },
        ]}
      />
      <FormDrawer<Plan>
        open={act === "reprieve"}
        title={t("levels.churn.reprieveTitle", { name: churn.customerName })}
        initialValues={{ text: churn.measures, ownerId: churn.ownerId, dueDate: dayjs().add(14, "day") }}
        testId="reprieve-form"
        onClose={close}
        onSubmit={async ({ text, ownerId, dueDate }) => {
          await reprieveCase(churn, { measures: text, ownerId, dueDate: day(dueDate) });
          await done();
        }}
      >
        <PlanItems label={t("levels.churn.measures")} />
      </FormDrawer>
      <FormDrawer<{ lossCode: string; note?: string }>
        open={act === "confirm"}
        title={t("levels.churn.confirmTitle", { name: churn.customerName })}
        testId="confirm-form"
        onClose={close}
        onSubmit={async ({ lossCode, note }) => {
          await confirmCase(churn, lossCode, note ?? "");
          await done();
        }}
      >
        <Form.Item name="lossCode" label={t("levels.churn.lossReason")} rules={[required]}>
          <EntrySelect dictionary="loss_reason" />
        </Form.Item>
        <Form.Item name="note" label={t("levels.churn.note")}>
          <Input.TextArea maxLength={500} rows={3} />
        </Form.Item>
      </FormDrawer>
      <ReasonDialog
        open={act === "save"}
        title={t("levels.churn.saveTitle", { name: churn.customerName })}
        text={t("levels.churn.saveText")}
        okText={t("levels.churn.save")}
        onClose={close}
        onSubmit={async (note) => {
          await saveCase(churn, note);
          await done();
        }}
      />
    </>
  );
}

/** Warns of a customer by hand. */
export function OpenCaseForm({ customerId, open, onClose }: { customerId: string; open: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useChurnChanged();
  return (
    <FormDrawer<Plan>
      open={open}
      title={t("levels.churn.warn")}
      initialValues={{ dueDate: dayjs().add(7, "day") }}
      testId="churn-form"
      onClose={onClose}
      onSubmit={async ({ text, ownerId, dueDate }) => {
        await openChurnCase(customerId, { cause: text, ownerId: ownerId ?? "", dueDate: day(dueDate) });
        notices.done(t("common.saved"));
        await changed();
      }}
    >
      <PlanItems label={t("levels.churn.cause")} />
    </FormDrawer>
  );
}

function PlanItems({ label }: { label: string }) {
  const { t } = useTranslation();
  return (
    <>
      <Form.Item name="text" label={label} rules={[{ required: true, whitespace: true, message: t("common.required") }]}>
        <Input.TextArea maxLength={500} rows={3} />
      </Form.Item>
      <Form.Item name="ownerId" label={t("levels.churn.owner")}>
        <EmployeePicker offerMe />
      </Form.Item>
      <Form.Item name="dueDate" label={t("levels.churn.dueDate")} rules={[{ required: true, message: t("common.required") }]}>
        <DatePicker allowClear={false} style={{ width: "100%" }} />
      </Form.Item>
    </>
  );
}
