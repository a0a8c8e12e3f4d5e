import { useState } from "react";
import { EllipsisOutlined, MailOutlined, PhoneOutlined, PlusOutlined, StarFilled, WechatOutlined } from "@ant-design/icons";
import { Button, Card, Checkbox, Dropdown, Flex, Rate, Tag, Tooltip, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { Contact, Customer } from "@/api/types";
import { useAccess } from "@/app/access";
import { useActs } from "@/shared/acts";
import { PersonAvatar } from "@/shared/PersonAvatar";
import { RevealButton } from "@/shared/RevealButton";
import { Loaded, Nothing } from "@/shared/states";
import { useRevealed } from "@/shared/useRevealed";
import { invalidateContact, revealContact, useContacts, useCustomerChanged } from "../api";
import { useFields } from "../fields/api";
import { CustomValues } from "../fields/CustomFields";
import { ContactForm } from "./ContactForm";
import { contactIsMasked } from "./reveal";

export function ContactsCard({ customer }: { customer: Customer }) {
  const { t } = useTranslation();
  const { reaches } = useAccess();
  const [withInvalid, setWithInvalid] = useState(false);
  const [editing, setEditing] = useState<Contact | "new">();
  const contacts = useContacts(customer.id, withInvalid);
  const writes = reaches("PERMISSION_CONTACTS_WRITE", customer);
  return (
    <Card
      title={t("customers.contact.title")}
      data-testid="contacts"
      extra={
        <Flex gap={12} align="center">
          <Checkbox checked={withInvalid} onChange={(event) => setWithInvalid(event.target.checked)} title={t("customers.contact.showInvalid")} style={{ fontWeight: "normal" }}>
            {t("customers.contact.withInvalid")}
          </Checkbox>
          {writes && (
            <Button type="text" icon={<PlusOutlined />} onClick={() => setEditing("new")} data-testid="add-contact">
              {t("common.add")}
            </Button>
          )}
        </Flex>
      }
    >
      <Loaded query={contacts} small>
        {(list) =>
          list.length === 0 ? (
            <Nothing small text={t("customers.contact.empty")} />
          ) : (
            <Flex vertical gap={16} component="ul" style={{ listStyle: "none", margin: 0, padding: 0 }}>
              {list.map((contact) => (
                <li key={contact.id}>
                  <ContactRow customer={customer} contact={contact} writes={writes} onEdit={() => setEditing(contact)} />
                </li>
              ))}
            </Flex>
          )
        }
      </Loaded>
      <ContactForm customerId={customer.id} contact={editing === "new" ? undefined : editing} open={editing !== undefined} onClose={() => setEditing(undefined)} />
    </Card>
  );
}

interface ContactRowProps {
  customer: Customer;
  contact: Contact;
  writes: boolean;
  onEdit: () => void;
}

function ContactRow({ customer, contact: masked, writes, onEdit }: ContactRowProps) {
  const { t } = useTranslation();
  const { attempt, ask } = useActs(useCustomerChanged());
  const { reaches } = useAccess();
  const { data: fields } = useFields("RECORD_KIND_CONTACT");
  const { shown: contact, revealed, reveal, hide } = useRevealed(masked, revealContact);
  const reveals = reaches("PERMISSION_CUSTOMERS_REVEAL", customer) && (revealed || contactIsMasked(masked, fields));
  const askInvalidate = () =>
    ask({
      title: t("customers.contact.invalidateTitle", { name: contact.name }),
      content: t("customers.contact.invalidateText"),
      okText: t("customers.contact.invalidate"),
      work: () => attempt(() => invalidateContact(contact.id, contact.etag), t("customers.contact.invalidated")),
    });
  return (
    <Flex gap={12} align="flex-start" style={{ opacity: contact.invalid ? 0.55 : 1 }}>
      <PersonAvatar name={contact.name} />
      <Flex vertical flex={1} gap={2} style={{ minWidth: 0 }}>
        <Flex gap={8} align="center" wrap>
          <strong>{contact.name}</strong>
          {contact.primary && (
            <Tooltip title={t("customers.contact.primary")}>
              <StarFilled style={{ color: "#f59e0b" }} aria-label={t("customers.contact.primary")} />
            </Tooltip>
          )}
          {contact.post && <Typography.Text type="secondary">{contact.post}</Typography.Text>}
          {contact.decisionRole && contact.decisionRole !== "DECISION_ROLE_UNSPECIFIED" && <Tag style={{ margin: 0 }}>{t(`enums.DecisionRole.${contact.decisionRole}`)}</Tag>}
          {contact.invalid && <Tag style={{ margin: 0 }}>{t("customers.contact.invalid")}</Tag>}
        </Flex>
        <Flex gap={14} wrap align="center">
          {contact.phone && <Reach icon={<PhoneOutlined />} text={contact.phone} href={contact.phone.includes("*") ? undefined : `tel:${contact.phone}`} />}
          {contact.email && <Reach icon={<MailOutlined />} text={contact.email} href={contact.email.includes("*") ? undefined : `mailto:${contact.email}`} />}
          {contact.wechat && <Reach icon={<WechatOutlined />} text={contact.wechat} />}
          {reveals && <RevealButton small name={masked.name} revealed={revealed} onReveal={reveal} onHide={hide} />}
        </Flex>
        {contact.relationshipStrength > 0 && <Rate disabled value={contact.relationshipStrength} style={{ fontSize: 12 }} aria-label={t("customers.contact.relationshipStrength")} />}
        <CustomValues recordKind="RECORD_KIND_CONTACT" values={contact.customFields} />
        {contact.remark && <Typography.Text type="secondary">{contact.remark}</Typography.Text>}
      </Flex>
      {writes && !contact.invalid && (
        <Dropdown
          trigger={["click"]}
          placement="bottomRight"
          menu={{
            items: [
              { key: "edit", label: t("common.edit"), onClick: onEdit },
              { key: "invalidate", label: t("customers.contact.invalidate"), danger: true, onClick: askInvalidate },
            ],
          }}
        >
          <Button size="small" type="text" icon={<EllipsisOutlined />} aria-label={t("identity.employee.actionsOf", { name: contact.name })} />
        </Dropdown>
      )}
    </Flex>
  );
}

function Reach({ icon, text, href }: { icon: React.ReactNode; text: string; href?: string }) {
  return (
    <Typography.Text type="secondary" className="tabular">
      {icon} {href ? <a href={href}>{text}</a> : text}
    </Typography.Text>
  );
}
