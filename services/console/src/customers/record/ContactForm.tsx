import { Col, DatePicker, Form, Input, Rate, Row, Select, Checkbox } from "antd";
import dayjs from "dayjs";
import { useTranslation } from "react-i18next";
import type { Contact, DecisionRole } from "@/api/types";
import { changedFields } from "@/shared/changes";
import { FormDrawer } from "@/shared/FormDrawer";
import { useNotices } from "@/shared/notices";
import { createContact, updateContact, useCustomerChanged } from "../api";
import { snakeCase } from "../attributes";
import { customChanges, customInputs, CustomItems, useCustomAttributes, type CustomInputs } from "../fields/CustomFields";

interface ContactFormProps {
  customerId: string;
  contact: Contact | undefined;
  open: boolean;
  onClose: () => void;
}

type BuiltIn = Pick<Contact, "name" | "post" | "decisionRole" | "phone" | "email" | "wechat" | "hobby" | "birthday" | "relationshipStrength" | "primary" | "remark">;
type Values = BuiltIn & { customFields?: CustomInputs };

const decisionRoles: DecisionRole[] = ["DECISION_ROLE_BUYER", "DECISION_ROLE_TECHNICAL", "DECISION_ROLE_FINANCIAL", "DECISION_ROLE_DECISION_MAKER", "DECISION_ROLE_USER"];
const blank: BuiltIn = { name: "", post: "", decisionRole: "DECISION_ROLE_UNSPECIFIED", phone: "", email: "", wechat: "", hobby: "", birthday: "", relationshipStrength: 0, primary: false, remark: "" };

export function ContactForm({ customerId, contact, open, onClose }: ContactFormProps) {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useCustomerChanged();
  const attributes = useCustomAttributes("RECORD_KIND_CONTACT");
  const before: BuiltIn = contact ? pick(contact) : blank;
  const customBefore = customInputs(attributes, contact);
  const save = async ({ customFields: inputs, ...values }: Values) => {
    const complete = { ...before, ...values };
    const { customFields, mask } = customChanges(attributes, contact ? customBefore : {}, { ...customBefore, ...inputs });
    if (contact) {
      const changes = changedFields<BuiltIn>(before, complete);
      const paths = [...Object.keys(changes).map(snakeCase), ...mask];
      if (paths.length === 0) return;
      await updateContact(contact.id, { ...changes, customFields, etag: contact.etag }, paths);
    } else {
      await createContact(customerId, { ...complete, customFields });
    }
    notices.done(t("common.saved"));
    await changed();
  };
  const text = (name: "post" | "phone" | "email" | "wechat" | "hobby", maxLength: number) => (
    <Col xs={24} sm={12}>
      <Form.Item name={name} label={t(`customers.contact.${name}`)}>
        <Input maxLength={maxLength} autoComplete="off" />
      </Form.Item>
    </Col>
  );
  return (
    <FormDrawer<Values>
      open={open}
      record={contact}
      title={contact ? t("customers.editName", { name: contact.name }) : t("customers.contact.add")}
      initialValues={{ ...before, customFields: customBefore }}
      onClose={onClose}
      onSubmit={save}
      testId="contact-form"
    >
      <Form.Item name="name" label={t("customers.contact.name")} rules={[{ required: true, whitespace: true, message: t("common.required") }]}>
        <Input maxLength={64} autoFocus autoComplete="off" />
      </Form.Item>
      <Row gutter={16}>
        {text("post", 64)}
        <Col xs={24} sm={12}>
          <Form.Item name="decisionRole" label={t("customers.contact.decisionRole")}>
            <Select
              options={["DECISION_ROLE_UNSPECIFIED" as const, ...decisionRoles].map((role) => ({ value: role, label: t(`enums.DecisionRole.${role}`) }))}
            />
          </Form.Item>
        </Col>
        {text("phone", 32)}
        {text("email", 254)}
        {text("wechat", 64)}
        {text("hobby", 200)}
        <Col xs={24} sm={12}>
          <Form.Item
            name="birthday"
            label={t("customers.contact.birthday")}
            getValueProps={(value: string) => ({ value: value ? dayjs(value) : null })}
            normalize={(value: dayjs.Dayjs | null) => value?.format("YYYY-MM-DD") ?? ""}
          >
            <DatePicker style={{ width: "100%" }} />
          </Form.Item>
        </Col>
        <Col xs={24} sm={12}>
          <Form.Item name="relationshipStrength" label={t("customers.contact.relationshipStrength")}>
            <Rate />
          </Form.Item>
        </Col>
      </Row>
      <CustomItems attributes={attributes} />
      <Form.Item name="primary" valuePropName="checked">
        <Checkbox>{t("customers.contact.primary")}</Checkbox>
      </Form.Item>
      <Form.Item name="remark" label={t("customers.attributes.remark")}>
        <Input.TextArea maxLength={2000} autoSize={{ minRows: 2, maxRows: 6 }} />
      </Form.Item>
    </FormDrawer>
  );
}

function pick(contact: Contact): BuiltIn {
  const { name, post, decisionRole, phone, email, wechat, hobby, birthday, relationshipStrength, primary, remark } = contact;
  return { name, post, decisionRole, phone, email, wechat, hobby, birthday, relationshipStrength, primary, remark };
}
