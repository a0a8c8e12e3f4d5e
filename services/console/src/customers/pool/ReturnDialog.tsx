import { Form, Input } from "antd";
import { useTranslation } from "react-i18next";
import type { Customer } from "@/api/types";
import { FormDrawer } from "@/shared/FormDrawer";
import { useNotices } from "@/shared/notices";
import { returnCustomer, useCustomerChanged } from "../api";
import { EntrySelect } from "../dictionaries/pickers";

interface Values {
  reasonCode?: string;
  reason?: string;
}

/** Asks why a customer goes back to the pool: by a reason of the dictionary, in words, or both. */
export function ReturnDialog({ customer, open, onClose }: { customer: Customer; open: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useCustomerChanged();
  return (
    <FormDrawer<Values>
      open={open}
      title={t("customers.pool.returnTitle", { name: customer.name })}
      submitText={t("customers.pool.return")}
      onClose={onClose}
      onSubmit={async ({ reasonCode, reason }) => {
        await returnCustomer(customer.id, { reasonCode: reasonCode ?? "", reason: reason?.trim() ?? "", etag: customer.etag });
        notices.done(t("customers.pool.returned"));
        await changed();
      }}
    >
      <p>{t("customers.pool.returnText")}</p>
      <Form.Item name="reasonCode" label={t("customers.pool.returnReason")}>
        <EntrySelect dictionary="return_reason" />
      </Form.Item>
      <Form.Item
        name="reason"
        label={t("customers.pool.returnNote")}
        dependencies={["reasonCode"]}
        rules={[({ getFieldValue }) => ({ required: !getFieldValue("reasonCode"), whitespace: true })]}
      >
        <Input.TextArea rows={3} maxLength={500} showCount />
      </Form.Item>
    </FormDrawer>
  );
}
