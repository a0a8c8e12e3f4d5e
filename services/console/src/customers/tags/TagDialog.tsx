// Puts tags on one or several customers and takes others off; the answer says what it takes to undo it.
import { DatePicker, Form, Input, Modal, Select } from "antd";
import { useState } from "react";
import type { Dayjs } from "dayjs";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import { FormFault } from "@/shared/FormFault";
import { useNotices } from "@/shared/notices";
import { showViolations } from "@/shared/violations";
import { useCustomerChanged } from "../api";
import { useEntryName } from "../dictionaries/entries";
import { tagCustomers, useTags } from "./api";
import { undoing } from "./undo";

interface TagDialogProps {
  open: boolean;
  ids: string[];
  onClose: () => void;
  onDone?: () => void;
}

interface Values {
  addTags?: string[];
  removeTags?: string[];
  reason?: string;
  expireTime?: Dayjs | null;
}

export function TagDialog(props: TagDialogProps) {
  return props.open ? <OpenTagDialog {...props} /> : null;
}

function OpenTagDialog({ ids, onClose, onDone }: TagDialogProps) {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useCustomerChanged();
  const nameOf = useEntryName();
  const { tags, isPending } = useTags();
  const [form] = Form.useForm<Values>();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>();
  const options = tags.map((entry) => ({ value: entry.code, label: nameOf(entry), disabled: entry.retired }));

  const undo = async (parts: ReturnType<typeof undoing>) => {
    try {
      for (const { ids: some, change } of parts) await tagCustomers(some, change);
      notices.done(t("common.undone"));
    } catch (error) {
      notices.fault(error);
    } finally {
      await changed();
    }
  };
  const submit = async ({ addTags = [], removeTags = [], reason, expireTime }: Values) => {
    setBusy(true);
    setFault(undefined);
    try {
      const { customers } = await tagCustomers(ids, { addTags, removeTags, reason: reason ?? "", expireTime: expireTime?.endOf("day").toISOString() });
      if (customers.length === 0) notices.done(t("levels.tag.unchanged"));
      else notices.undoable(t("levels.tag.done", { count: customers.length }), () => void undo(undoing(customers)));
      onClose();
      onDone?.();
    } catch (error) {
      if (!showViolations(form, asProblem(error))) setFault(error);
    } finally {
      setBusy(false);
      await changed();
    }
  };
  return (
    <Modal open title={t("levels.tag.put")} okText={t("common.save")} okButtonProps={{ loading: busy }} onOk={() => form.submit()} onCancel={onClose} data-testid="tag-dialog">
      <FormFault fault={fault} />
      <Form<Values> form={form} layout="vertical" onFinish={submit}>
        <Form.Item name="addTags" label={t("levels.tag.addTags")}>
          <Select mode="multiple" options={options} loading={isPending} maxCount={20} showSearch={{ optionFilterProp: "label" }} placeholder={t("common.selectPlaceholder")} />
        </Form.Item>
        <Form.Item name="removeTags" label={t("levels.tag.removeTags")}>
          <Select mode="multiple" options={options.map((option) => ({ ...option, disabled: false }))} loading={isPending} maxCount={20} showSearch={{ optionFilterProp: "label" }} placeholder={t("common.selectPlaceholder")} />
        </Form.Item>
        <Form.Item name="expireTime" label={t("levels.tag.expireTime")} extra={t("levels.tag.stays")}>
          <DatePicker style={{ width: "100%" }} />
        </Form.Item>
        <Form.Item name="reason" label={t("levels.tag.reason")}>
          <Input maxLength={200} />
        </Form.Item>
      </Form>
    </Modal>
  );
}
