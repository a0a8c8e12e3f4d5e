import { useState } from "react";
import { ApartmentOutlined, DeleteOutlined, EditOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Card, Checkbox, Flex, Popconfirm, Tag, Typography } from "antd";
import dayjs from "dayjs";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Customer, Relation } from "@/api/types";
import { useAccess } from "@/app/access";
import { Authors } from "@/shared/Authors";
import { useNotices } from "@/shared/notices";
import { Loaded, Nothing } from "@/shared/states";
import { deleteRelation, useCustomerChanged, useRelations } from "../api";
import { RelationForm } from "./RelationForm";
import { RelationGraphDrawer } from "./RelationGraphDrawer";

export function RelationsCard({ customer }: { customer: Customer }) {
  const { t } = useTranslation();
  const { reaches } = useAccess();
  const notices = useNotices();
  const changed = useCustomerChanged();
  const [ended, setEnded] = useState(false);
  const relations = useRelations(customer.id, ended);
  const [open, setOpen] = useState<"new" | "graph" | Relation>();
  const writes = reaches("PERMISSION_CUSTOMERS_UPDATE", customer);
  const close = () => setOpen(undefined);

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
        <Flex align="center">
          <Checkbox checked={ended} onChange={(event) => setEnded(event.target.checked)}>
            {t("customers.relation.withEnded")}
          </Checkbox>
          <Button type="text" icon={<ApartmentOutlined />} onClick={() => setOpen("graph")}>
            {t("customers.relation.graph")}
          </Button>
          {writes && (
            <Button type="text" icon={<PlusOutlined />} onClick={() => setOpen("new")}>
              {t("common.add")}
            </Button>
          )}
        </Flex>
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
                      <Typography.Text type="secondary">{[period(t, relation), relation.remark].filter(Boolean).join(" · ")}</Typography.Text>
                      <Authors record={relation} />
                    </div>
                    {writes && <Button type="text" size="small" icon={<EditOutlined />} onClick={() => setOpen(relation)} aria-label={t("customers.relation.editName", { name: relation.relatedCustomerName })} />}
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
      <RelationForm customer={customer} relation={typeof open === "object" ? open : undefined} open={open !== undefined && open !== "graph"} onClose={close} />
      {open === "graph" && <RelationGraphDrawer customer={customer} onClose={close} />}
    </Card>
  );
}

/** From the other side a relation reads the other way round: "is the agent of". */
function describe(t: TFunction, relation: Relation): string {
  const type = t(`enums.RelationType.${relation.type ?? "RELATION_TYPE_UNSPECIFIED"}`);
  return relation.inverse ? t("customers.relation.inverse", { type }) : type;
}

function period(t: TFunction, { validFrom, validUntil }: Relation): string {
  if (validUntil && validUntil < dayjs().format("YYYY-MM-DD")) return t("customers.relation.endedOn", { day: validUntil });
  if (validFrom && validUntil) return `${validFrom} – ${validUntil}`;
  if (validFrom) return t("customers.relation.since", { day: validFrom });
  return validUntil && t("customers.relation.until", { day: validUntil });
}
