import { Form, Input } from "antd";
import { useTranslation } from "react-i18next";
import { FormDrawer } from "@/shared/FormDrawer";
import type { Reason } from "../api";
import { EntrySelect } from "../dictionaries/pickers";

interface ReturnDialogProps {
  open: boolean;
  title: string;
  onClose: () => void;
  onReturn: (reason: Reason) => Promise<unknown>;
}

/** Asks why customers go back to the pool: by a reason of the dictionary, in words, or both. */
export function ReturnDialog({ open, title, onClose, onReturn }: ReturnDialogProps) {
  const { t } = useTranslation();
  return (
    <FormDrawer<Partial<Reason>>
      open={open}
      title={title}
      submitText={t("customers.pool.return")}
      onClose={onClose}
      onSubmit={({ reasonCode, reason }) => onReturn({ reasonCode: reasonCode ?? "", reason: reason?.trim() ?? "" })}
      testId="return-form"
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
