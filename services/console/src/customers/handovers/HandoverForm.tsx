// Whose customers go to whom. What would go is counted as soon as somebody is named.
import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Alert, Button, Card, Form, Flex, Input, InputNumber } from "antd";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { EmployeePicker } from "@/identity/directory/EmployeePicker";
import { FormDrawer } from "@/shared/FormDrawer";
import { useNotices } from "@/shared/notices";
import { TreeEntryPicker } from "../dictionaries/pickers";
import { createHandover, previewHandover } from "./api";

interface ReceiverValues {
  employeeId?: string;
  share?: number;
  region?: string;
}

interface Values {
  fromEmployeeId?: string;
  receivers: ReceiverValues[];
  note?: string;
}

interface HandoverFormProps {
  open: boolean;
  /** Whose customers are to go, where that is known. */
  from?: string;
  onClose: () => void;
  onStarted: () => Promise<unknown>;
}

export function HandoverForm({ open, from, onClose, onStarted }: HandoverFormProps) {
  const { t } = useTranslation();
  const notices = useNotices();
  return (
    <FormDrawer<Values>
      open={open}
      title={t("customers.handover.start")}
      submitText={t("customers.handover.start")}
      initialValues={{ fromEmployeeId: from, receivers: [{ share: 1 }] }}
      testId="handover-form"
      onClose={onClose}
      onSubmit={async ({ fromEmployeeId = "", receivers, note }) => {
        await createHandover({
          fromEmployeeId,
          receivers: receivers.map(({ employeeId = "", share, region }) => ({ employeeId, share: share ?? 1, regions: region ? [region] : [] })),
          filter: "",
          note: note?.trim() ?? "",
        });
        notices.done(t("customers.handover.started"));
        await onStarted();
      }}
    >
      <Form.Item name="fromEmployeeId" label={t("customers.handover.giver")} rules={[{ required: true }]}>
        <EmployeePicker />
      </Form.Item>
      <Going />
      <Form.List name="receivers">
        {(fields, { add, remove }) => (
          <Flex vertical gap={8} style={{ marginBottom: 16 }}>
            {fields.map((field) => (
              <Card
                key={field.key}
                size="small"
                extra={fields.length > 1 && <Button type="text" icon={<DeleteOutlined />} aria-label={t("common.remove")} onClick={() => remove(field.name)} />}
              >
                <Form.Item name={[field.name, "employeeId"]} label={t("customers.handover.receiver")} rules={[{ required: true }]}>
                  <EmployeePicker />
                </Form.Item>
                {fields.length > 1 && (
                  <>
                    <Form.Item name={[field.name, "region"]} label={t("customers.handover.region")} extra={t("customers.handover.regionText")}>
                      <TreeEntryPicker dictionary="region" />
                    </Form.Item>
                    <Form.Item name={[field.name, "share"]} label={t("customers.handover.share")}>
                      <InputNumber min={1} max={100} precision={0} />
                    </Form.Item>
                  </>
                )}
              </Card>
            ))}
            <Button icon={<PlusOutlined />} onClick={() => add({ share: 1 })}>
              {t("customers.handover.addReceiver")}
            </Button>
          </Flex>
        )}
      </Form.List>
      <Form.Item name="note" label={t("customers.handover.note")}>
        <Input maxLength={400} />
      </Form.Item>
    </FormDrawer>
  );
}

function Going() {
  const { t } = useTranslation();
  const from = Form.useWatch<string | undefined>("fromEmployeeId");
  const going = useQuery({ queryKey: ["handoverPreview", from], queryFn: () => previewHandover(from ?? "", ""), enabled: Boolean(from) });
  if (!from || !going.data) return null;
  const count = (kind: string) => Number(going.data.lines.find((line) => line.kind === kind)?.movedCount ?? 0);
  return <Alert type="info" showIcon style={{ marginBottom: 16 }} title={t("customers.handover.going", { customers: count("customer"), plans: count("interaction") })} />;
}
