// Somebody else changed the customer meanwhile: what they made of each field beside what one was about to write.
import { useState } from "react";
import { useQuery } from "@tanstack/react-query";
import { Alert, Button, Flex, Modal, Table } from "antd";
import { useTranslation } from "react-i18next";
import type { Customer } from "@/api/types";
import { FormFault } from "@/shared/FormFault";
import { useNotices } from "@/shared/notices";
import { Loaded } from "@/shared/states";
import { getCustomer, updateCustomer, useCustomerChanged } from "../api";
import { attributeValue, PlainAttributeValue } from "../AttributeValue";
import { useAttributes } from "../attributes";
import { plainValue, type PlainValue } from "../fields/values";
import type { CustomerChanges } from "./formValues";

interface ConflictProps {
  customer: Customer;
  patch: CustomerChanges;
  onClose: () => void;
  onSettled: () => void;
}

export function Conflict({ customer, patch, onClose, onSettled }: ConflictProps) {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useCustomerChanged();
  const attributes = useAttributes();
  const latest = useQuery({ queryKey: ["customer", customer.id, "latest"], queryFn: () => getCustomer(customer.id), gcTime: 0 });
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>();
  const rows = attributes.filter((attribute) => patch.mask.includes(attribute.maskPath));

  const overwrite = async (theirs: Customer) => {
    setBusy(true);
    setFault(undefined);
    try {
      await updateCustomer(customer.id, { ...patch.body, etag: theirs.etag }, patch.mask);
      notices.done(t("common.saved"));
      await changed();
      onSettled();
    } catch (error) {
      setFault(error);
      await latest.refetch();
    } finally {
      setBusy(false);
    }
  };
  const takeTheirs = async () => {
    await changed();
    onSettled();
  };
  const mine = (path: string, key: string | undefined, fieldKey: string | undefined): PlainValue =>
    fieldKey ? plainValue(patch.body.customFields?.[fieldKey] as Parameters<typeof plainValue>[0]) : ((patch.body as Record<string, PlainValue>)[key ?? path] ?? "");

  return (
    <Modal
      open
      width={720}
      title={t("customers.conflict.title")}
      onCancel={onClose}
      data-testid="conflict"
      footer={
        <Flex justify="flex-end" gap={8} wrap>
          <Button onClick={onClose}>{t("customers.conflict.back")}</Button>
          <Button onClick={() => void takeTheirs()}>{t("customers.conflict.theirs")}</Button>
          <Button type="primary" loading={busy} disabled={!latest.data} onClick={() => latest.data && void overwrite(latest.data)}>
            {t("customers.conflict.mine")}
          </Button>
        </Flex>
      }
    >
      <FormFault fault={fault} />
      <Loaded query={latest} small>
        {(theirs) => (
          <Flex vertical gap={12}>
            <Alert type="warning" showIcon title={t("customers.conflict.text", { name: theirs.updateUserName })} />
            <Table
              size="small"
              rowKey="path"
              pagination={false}
              dataSource={rows}
              columns={[
                { title: t("customers.conflict.field"), dataIndex: "label" },
                { title: t("customers.conflict.theirValue"), render: (_, attribute) => <PlainAttributeValue attribute={attribute} value={attributeValue(theirs, attribute)} /> },
                { title: t("customers.conflict.myValue"), render: (_, attribute) => <PlainAttributeValue attribute={attribute} value={mine(attribute.path, attribute.key, attribute.field?.key)} /> },
              ]}
            />
          </Flex>
        )}
      </Loaded>
    </Modal>
  );
}
