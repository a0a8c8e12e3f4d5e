// What is recorded of a consent and of do-not-contact.
import { DatePicker, Form, Input, Segmented, Select } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import { useTranslation } from "react-i18next";
import type { ConsentInput, ContactChannel, Customer } from "@/api/types";
import { useAccess } from "@/app/access";
import { FormDrawer } from "@/shared/FormDrawer";
import { useNotices } from "@/shared/notices";
import { useContacts } from "../api";
import { EntrySelect } from "../dictionaries/pickers";
import { createBan, createConsent, useConsentsChanged } from "./api";

const channels = [
  "CONTACT_CHANNEL_CALL",
  "CONTACT_CHANNEL_SMS",
  "CONTACT_CHANNEL_EMAIL",
  "CONTACT_CHANNEL_WECHAT",
  "CONTACT_CHANNEL_LETTER",
  "CONTACT_CHANNEL_VISIT",
] as const satisfies ContactChannel[];

interface FormProps {
  customer: Customer;
  open: boolean;
  onClose: () => void;
}

interface ConsentValues {
  contactId?: string;
  channel: (typeof channels)[number];
  purpose: string;
  state: "CONSENT_STATE_GIVEN" | "CONSENT_STATE_WITHDRAWN";
  source: string;
  occurTime: Dayjs;
  expireTime?: Dayjs | null;
  textVersion?: string;
  reference?: string;
}

export function ConsentForm({ customer, open, onClose }: FormProps) {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useConsentsChanged(customer.id);
  const save = async ({ occurTime, expireTime, ...values }: ConsentValues) => {
    const given = values.state === "CONSENT_STATE_GIVEN";
    const consent: ConsentInput = {
      ...values,
      occurTime: occurTime.toISOString(),
      expireTime: given && expireTime ? expireTime.endOf("day").toISOString() : undefined,
    };
    await createConsent(customer.id, consent);
    notices.done(t("privacy.recorded"));
    await changed();
  };
  return (
    <FormDrawer<ConsentValues>
      open={open}
      title={t("privacy.record")}
      initialValues={{ state: "CONSENT_STATE_GIVEN", purpose: "marketing", occurTime: dayjs() }}
      onClose={onClose}
      onSubmit={save}
      testId="consent-form"
    >
      <ConsentFields customer={customer} />
    </FormDrawer>
  );
}

function ConsentFields({ customer }: { customer: Customer }) {
  const { t } = useTranslation();
  const form = Form.useFormInstance<ConsentValues>();
  const given = Form.useWatch("state", form) === "CONSENT_STATE_GIVEN";
  const required = { required: true, message: t("common.required") };
  return (
    <>
      <Form.Item name="state" label={t("privacy.state")}>
        <Segmented
          options={(["CONSENT_STATE_GIVEN", "CONSENT_STATE_WITHDRAWN"] as const).map((value) => ({ value, label: t(`enums.ConsentState.${value}`) }))}
        />
      </Form.Item>
      <Whose customer={customer} />
      <Form.Item name="channel" label={t("privacy.channel")} rules={[required]}>
        <Select options={channels.map((value) => ({ value, label: t(`enums.ContactChannel.${value}`) }))} />
      </Form.Item>
      <Form.Item name="purpose" label={t("privacy.purpose")} rules={[required]}>
        <EntrySelect dictionary="contact_purpose" />
      </Form.Item>
      <Form.Item name="source" label={t("privacy.source")} rules={[required]}>
        <EntrySelect dictionary="consent_source" />
      </Form.Item>
      <Form.Item name="occurTime" label={t("privacy.occurTime")} rules={[required]}>
        <DatePicker showTime={{ format: "HH:mm" }} format="YYYY-MM-DD HH:mm" style={{ width: "100%" }} allowClear={false} disabledDate={(date) => date.isAfter(dayjs())} />
      </Form.Item>
      {given && (
        <Form.Item name="expireTime" label={t("privacy.expireTime")} extra={t("privacy.unlimited")}>
          <DatePicker style={{ width: "100%" }} disabledDate={(date) => date.isBefore(dayjs().startOf("day"))} />
        </Form.Item>
      )}
      <Form.Item name="textVersion" label={t("privacy.textVersion")}>
        <Input maxLength={100} />
      </Form.Item>
      <Form.Item name="reference" label={t("privacy.reference")}>
        <Input maxLength={500} />
      </Form.Item>
    </>
  );
}

interface BanValues {
  contactId?: string;
  channel: ContactChannel;
  reason: string;
  expireTime?: Dayjs | null;
}

export function BanForm({ customer, open, onClose }: FormProps) {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useConsentsChanged(customer.id);
  const required = { required: true, message: t("common.required") };
  const save = async ({ expireTime, ...values }: BanValues) => {
    await createBan(customer.id, { ...values, expireTime: expireTime ? expireTime.endOf("day").toISOString() : undefined });
    notices.done(t("privacy.banned"));
    await changed();
  };
  return (
    <FormDrawer<BanValues> open={open} title={t("privacy.ban")} initialValues={{ channel: "CONTACT_CHANNEL_UNSPECIFIED" }} onClose={onClose} onSubmit={save} testId="ban-form">
      <Whose customer={customer} />
      <Form.Item name="channel" label={t("privacy.channel")} rules={[required]}>
        <Select options={(["CONTACT_CHANNEL_UNSPECIFIED", ...channels] as const).map((value) => ({ value, label: t(`enums.ContactChannel.${value}`) }))} />
      </Form.Item>
      <Form.Item name="reason" label={t("common.reason")} rules={[{ ...required, whitespace: true }]}>
        <Input.TextArea maxLength={500} autoSize={{ minRows: 2, maxRows: 5 }} />
      </Form.Item>
      <Form.Item name="expireTime" label={t("privacy.expireTime")} extra={t("privacy.unlimited")}>
        <DatePicker style={{ width: "100%" }} disabledDate={(date) => date.isBefore(dayjs().startOf("day"))} />
      </Form.Item>
    </FormDrawer>
  );
}

/** The customer or one of its contacts. */
function Whose({ customer }: { customer: Customer }) {
  const { t } = useTranslation();
  const { can } = useAccess();
  const contacts = useContacts(customer.id).data;
  if (!can("PERMISSION_CONTACTS_WRITE")) return null;
  return (
    <Form.Item name="contactId" label={t("privacy.whose")}>
      <Select
        allowClear
        placeholder={t("privacy.customer")}
        options={contacts?.filter((contact) => !contact.invalid).map((contact) => ({ value: contact.id, label: contact.name }))}
      />
    </Form.Item>
  );
}
