import { useState } from "react";
import { Form, Input, Modal, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { FormFault } from "./FormFault";

interface ReasonDialogProps {
  open: boolean;
  title: string;
  text: string;
  okText: string;
  danger?: boolean;
  required?: boolean;
  maxLength?: number;
  onClose: () => void;
  onSubmit: (reason: string) => Promise<unknown>;
}

/** Asks whether one means it, and why. */
export function ReasonDialog({ open, title, text, okText, danger, required, maxLength = 500, onClose, onSubmit }: ReasonDialogProps) {
  const { t } = useTranslation();
  const [form] = Form.useForm<{ reason?: string }>();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>();
  const submit = async ({ reason }: { reason?: string }) => {
    setBusy(true);
    setFault(undefined);
    try {
      await onSubmit(reason?.trim() ?? "");
      onClose();
    } catch (error) {
      setFault(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      open={open}
      title={title}
      okText={okText}
      okButtonProps={{ danger, loading: busy }}
      onOk={() => form.submit()}
      onCancel={onClose}
      afterClose={() => setFault(undefined)}
      destroyOnHidden
    >
      <FormFault fault={fault} />
      <Typography.Paragraph>{text}</Typography.Paragraph>
      <Form form={form} layout="vertical" onFinish={submit} preserve={false}>
        <Form.Item name="reason" label={t("common.reason")} rules={required ? [{ required: true, whitespace: true, message: t("common.required") }] : undefined}>
          <Input.TextArea maxLength={maxLength} showCount autoSize={{ minRows: 2, maxRows: 5 }} placeholder={required ? undefined : t("common.optional")} />
        </Form.Item>
      </Form>
    </Modal>
  );
}
