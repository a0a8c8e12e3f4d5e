import { useState } from "react";
import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Card, Flex, Form, Input, Popconfirm, Select, Tag, Typography } from "antd";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Customer, Relation, RelationTypeInput } from "@/api/types";
import { useAccess } from "@/app/access";
import { Authors } from "@/shared/Authors";
import { FormDrawer } from "@/shared/FormDrawer";
import { useNotices } from "@/shared/notices";
import { Loaded, Nothing } from "@/shared/states";
import { createRelation, deleteRelation, useCustomerChanged, useRelations } from "../api";
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
  remark?: string;
}

export function RelationsCard({ customer }: { customer: Customer }) {
  const { t } = useTranslation();
  const { reaches } = useAccess();
  const notices = useNotices();
  const changed = useCustomerChanged();
  const relations = useRelations(customer.id);
  const [adding, setAdding] = useState(false);
  const writes = reaches("PERMISSION_CUSTOMERS_UPDATE", customer);
  const required = { required: true, message: t("common.required") };

  const remove = async (relation: Relation) => {
    try {
      await deleteRelation(relation.id);
      notices.done(t("common.deleted"));
    } catch (fault) {
      notices.fault(fault);
    } finally {
      await changed();
    }
  };
  return (
    <Card
      title={t("customers.relation.title")}
      data-testid="relations"
      extra={
        writes && (
          <Button type="text" icon={<PlusOutlined />} onClick={() => setAdding(true)}>
            {t("common.add")}
          </Button>
        )
      }
    >
      <Loaded query={relations} small>
        {(list) =>
          list.length === 0 ? (
            <Nothing small text={t("customers.relation.empty")} />
          ) : (
            <Flex vertical gap={10} component="ul" style={{ listStyle: "none", margin: 0, padding: 0 }}>
              {list.map((relation) => (
                <li key={relation.id}>
                  <Flex gap={10} align="center">
                    <Tag style={{ margin: 0 }}>{describe(t, relation)}</Tag>
                    <Link to={`/customers/${relation.relatedCustomerId}`}>{relation.relatedCustomerName}</Link>
                    <div style={{ flex: 1, minWidth: 0 }}>
                      <Typography.Text type="secondary">{relation.remark}</Typography.Text>
                      <Authors record={relation} />
                    </div>
                    {writes && (
                      <Popconfirm title={t("customers.relation.deleteTitle")} onConfirm={() => void remove(relation)}>
                        <Button type="text" size="small" icon={<DeleteOutlined />} aria-label={t("customers.relation.deleteName", { name: relation.relatedCustomerName })} />
                      </Popconfirm>
                    )}
                  </Flex>
                </li>
              ))}
            </Flex>
          )
        }
      </Loaded>
      <FormDrawer<Values>
        open={adding}
        title={t("customers.relation.add")}
        onClose={() => setAdding(false)}
        onSubmit={async (values) => {
          await createRelation(customer.id, { ...values, remark: values.remark ?? "" });
          notices.done(t("common.saved"));
          await changed();
        }}
      >
        <Form.Item name="relatedCustomerId" label={t("customers.relation.other")} rules={[required]}>
          <CustomerPicker except={customer.id} />
        </Form.Item>
        <Form.Item name="type" label={t("customers.relation.type", { name: customer.name })} rules={[required]}>
          <Select options={types.map((type) => ({ value: type, label: t(`enums.RelationType.${type}`) }))} placeholder={t("common.selectPlaceholder")} />
        </Form.Item>
        <Form.Item name="remark" label={t("customers.attributes.remark")}>
          <Input maxLength={500} />
        </Form.Item>
      </FormDrawer>
    </Card>
  );
}

/** From the other side a relation reads the other way round: "is the agent of". */
function describe(t: TFunction, relation: Relation): string {
  const type = t(`enums.RelationType.${relation.type ?? "RELATION_TYPE_UNSPECIFIED"}`);
  return relation.inverse ? t("customers.relation.inverse", { type }) : type;
}
