import { useState } from "react";
import { EditOutlined } from "@ant-design/icons";
import { Alert, Button, Card, Descriptions, Flex, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { Customer } from "@/api/types";
import { useAccess } from "@/app/access";
import { RevealButton } from "@/shared/RevealButton";
import { Time } from "@/shared/Time";
import { useRevealed } from "@/shared/useRevealed";
import { revealCustomer } from "../api";
import { attributeValue, AttributeValue } from "../AttributeValue";
import { useAttributes, type Attribute, type Section } from "../attributes";
import { EntryLabel } from "../dictionaries/pickers";
import { useFields } from "../fields/api";
import { addressLabel } from "./addressLabels";
import { CustomerForm } from "./CustomerForm";
import { customerIsMasked } from "./reveal";

const sections: Section[] = ["main", "contact", "business", "finance", "custom"];
// The page's head says these already.
const inHead = new Set(["name", "number", "kind"]);

export function DetailsCard({ customer: masked }: { customer: Customer }) {
  const { t } = useTranslation();
  const { reaches } = useAccess();
  const attributes = useAttributes();
  const { data: fields = [] } = useFields();
  const { shown: customer, revealed, reveal, hide } = useRevealed(masked, revealCustomer);
  const reveals = reaches("PERMISSION_CUSTOMERS_REVEAL", masked) && (revealed || customerIsMasked(masked, fields));
  const [editing, setEditing] = useState(false);
  const [all, setAll] = useState(false);
  const isEmpty = (attribute: Attribute) => {
    const value = attributeValue(customer, attribute);
    return value === undefined || value === "" || value === 0 || (Array.isArray(value) && value.length === 0) || String(value).endsWith("_UNSPECIFIED");
  };
  const fitting = attributes.filter((attribute) => (attribute.editable || attribute.field) && !inHead.has(attribute.path) && (!attribute.only || attribute.only === customer.kind));
  const shown = fitting.filter((attribute) => all || !isEmpty(attribute));
  const hidden = fitting.length - shown.length;

  return (
    <Card
      title={t("customers.details")}
      extra={
        <Flex>
          {reveals && <RevealButton name={masked.name} revealed={revealed} onReveal={reveal} onHide={hide} />}
          {reaches("PERMISSION_CUSTOMERS_UPDATE", masked) && (
            <Button type="text" icon={<EditOutlined />} onClick={() => setEditing(true)} data-testid="edit-customer">
              {t("common.edit")}
            </Button>
          )}
        </Flex>
      }
      data-testid="details"
    >
      <Flex vertical gap={8}>
        {revealed && <Alert type="info" showIcon title={t("common.reveal.shown")} style={{ marginBottom: 8 }} />}
        {sections.map((section) => {
          const inSection = shown.filter((attribute) => attribute.section === section);
          const addresses = section === "contact" ? customer.addresses : [];
          if (inSection.length === 0 && addresses.length === 0) return null;
          return (
            <Descriptions
              key={section}
              size="small"
              className="aligned-details"
              column={{ xs: 1, sm: 2, xl: 2 }}
              title={section === "main" ? undefined : <Typography.Text type="secondary" style={{ fontSize: 13 }}>{t(`customers.sections.${section}`)}</Typography.Text>}
              styles={{ header: { marginBottom: 6 }, label: { minWidth: 84 } }}
              items={[
                ...inSection.map((attribute) => ({
                  key: attribute.path,
                  label: attribute.label,
                  span: attribute.kind === "longText" ? 2 : 1,
                  children: attribute.kind === "longText" ? <Typography.Paragraph style={{ whiteSpace: "pre-wrap", margin: 0 }}>{String(attributeValue(customer, attribute) ?? "")}</Typography.Paragraph> : <AttributeValue customer={customer} attribute={attribute} />,
                })),
                ...addresses.map((address, place) => ({
                  key: `address-${place}`,
                  label: addressLabel(t, address.label),
                  span: "filled" as const,
                  children: (
                    <span>
                      {address.region && <EntryLabel dictionary="region" code={address.region} />} {address.street} {address.postalCode}
                    </span>
                  ),
                })),
              ]}
            />
          );
        })}
        {(hidden > 0 || all) && (
          <div>
            <Button type="link" size="small" style={{ padding: 0 }} onClick={() => setAll(!all)}>
              {all ? t("customers.hideEmpty") : t("customers.showEmpty", { count: hidden })}
            </Button>
          </div>
        )}
        <Typography.Text type="secondary" style={{ fontSize: 12 }}>
          {t("customers.createdBy", { name: customer.createUserName })} <Time value={customer.createTime} /> · {t("customers.updatedBy", { name: customer.updateUserName })}{" "}
          <Time value={customer.updateTime} as="relative" />
        </Typography.Text>
      </Flex>
      <CustomerForm customer={masked} open={editing} onClose={() => setEditing(false)} />
    </Card>
  );
}
