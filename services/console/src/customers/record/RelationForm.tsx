import { DatePicker, Form, Input, Select } from "antd";
import dayjs from "dayjs";
import { useTranslation } from "react-i18next";
import type { Customer, Relation, RelationTypeInput } from "@/api/types";
import { FormDrawer } from "@/shared/FormDrawer";
import { useNotices } from "@/shared/notices";
import { createRelation, updateRelation, useCustomerChanged } from "../api";
import { CustomerPicker } from "./CustomerPicker";

const types: RelationTypeInput[] = [
  "RELATION_TYPE_HOUSEHOLD",
  "RELATION_TYPE_GROUP_COMPANY",
  "RELATION_TYPE_AGENT",
  "RELATION_TYPE_BROKER",
  "RELATION_TYPE_ADJUSTER",
  "RELATION_TYPE_POLICYHOLDER",
  "RELATION_TYPE_INSURED",
  "RELATION_TYPE_BENEFICIARY",
  "RELATION_TYPE_REFERRER",
  "RELATION_TYPE_DOCTOR",
];

interface Values {
  relatedCustomerId: string;
  type: RelationTypeInput;
  validFrom: string;
  validUntil: string;
  remark: string;
}

interface RelationFormProps {
  customer: Customer;
  /** The one to change; a new one otherwise. Whom it is with and as what stays. */
  relation?: Relation;
  open: boolean;
  onClose: () => void;
}

export function RelationForm({ customer, relation, open, onClose }: RelationFormProps) {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useCustomerChanged();
  const required = { required: true, message: t("common.required") };
  const save = async ({ relatedCustomerId, type, ...rest }: Values) => {
    try {
      await (relation ? updateRelation(relation, rest) : createRelation(customer.id, { relatedCustomerId, type, ...rest }));
      notices.done(t("common.saved"));
    } finally {
      await changed();
    }
  };
  return (
    <FormDrawer<Values>
      open={open}
      title={t(relation ? "customers.relation.edit" : "customers.relation.add")}
      initialValues={relation ? { validFrom: relation.validFrom, validUntil: relation.validUntil, remark: relation.remark } : { validFrom: "", validUntil: "", remark: "" }}
      onClose={onClose}
      onSubmit={save}
      testId="relation-form"
    >
      {!relation && (
        <>
          <Form.Item name="relatedCustomerId" label={t("customers.relation.other")} rules={[required]}>
            <CustomerPicker except={customer.id} />
          </Form.Item>
          <Form.Item name="type" label={t("customers.relation.type", { name: customer.name })} rules={[required]}>
            <Select options={types.map((type) => ({ value: type, label: t(`enums.RelationType.${type}`) }))} placeholder={t("common.selectPlaceholder")} />
          </Form.Item>
        </>
      )}
      <Day name="validFrom" label={t("customers.relation.validFrom")} />
      <Day name="validUntil" label={t("customers.relation.validUntil")} extra={t("customers.relation.validUntilHint")} />
      <Form.Item name="remark" label={t("customers.attributes.remark")}>
        <Input maxLength={500} />
      </Form.Item>
    </FormDrawer>
  );
}

function Day({ name, label, extra }: { name: keyof Values; label: string; extra?: string }) {
  return (
    <Form.Item
      name={name}
      label={label}
      extra={extra}
      getValueProps={(value: string) => ({ value: value ? dayjs(value) : null })}
      normalize={(value: dayjs.Dayjs | null) => value?.format("YYYY-MM-DD") ?? ""}
    >
      <DatePicker style={{ width: "100%" }} />
    </Form.Item>
  );
}
