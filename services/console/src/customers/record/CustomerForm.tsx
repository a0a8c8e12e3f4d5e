// Creates or edits a customer. Only changed fields are sent; when somebody else was faster, both versions are compared.
import { useState } from "react";
import { Col, Form, Row, Segmented, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import type { Customer } from "@/api/types";
import { FormDrawer } from "@/shared/FormDrawer";
import { useNotices } from "@/shared/notices";
import { createCustomer, updateCustomer, useCustomerChanged } from "../api";
import { AttributeInput } from "../AttributeInput";
import { useAttributes, type Attribute, type Section } from "../attributes";
import { Candidates } from "../duplicates/Candidates";
import { ruleHint } from "../fields/rules";
import { Addresses } from "./Addresses";
import { Conflict } from "./Conflict";
import { patchOf, valuesOf, type CustomerChanges, type CustomerValues } from "./formValues";

interface CustomerFormProps {
  customer: Customer | undefined;
  open: boolean;
  onClose: () => void;
  onSaved?: (customer: Customer) => void;
}

const sections: Section[] = ["main", "contact", "business", "finance", "custom"];

export function CustomerForm({ customer: latest, open, onClose, onSaved }: CustomerFormProps) {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useCustomerChanged();
  const attributes = useAttributes().filter((attribute) => attribute.editable);
  const [conflict, setConflict] = useState<CustomerChanges>();
  // As it was when the form was opened: what others change meanwhile is a conflict, and neither lost nor overwritten.
  const [customer, setCustomer] = useState(latest);
  if (!open && !conflict && customer !== latest) setCustomer(latest);
  const before = valuesOf(customer, attributes);

  const save = async (values: CustomerValues) => {
    const patch = patchOf(customer ? before : {}, { ...before, ...values }, attributes);
    if (customer && patch.mask.length === 0) return;
    const saved = customer
      ? await updateCustomer(customer.id, { ...patch.body, etag: customer.etag }, patch.mask)
      : await createCustomer(patch.body);
    notices.done(t(customer ? "common.saved" : "customers.created"));
    await changed();
    onSaved?.(saved);
  };
  return (
    <>
      <FormDrawer<CustomerValues>
        open={open}
        title={customer ? t("customers.editName", { name: customer.name }) : t("customers.create")}
        initialValues={before}
        submitText={customer ? undefined : t("common.create")}
        size={640}
        onClose={onClose}
        onSubmit={save}
        onFault={(fault, values) => {
          if (!customer || !asProblem(fault).isConflict) return false;
          setConflict(patchOf(before, { ...before, ...values }, attributes));
          return true;
        }}
        testId="customer-form"
      >
        <Candidates customerId={customer?.id} />
        <Fields attributes={attributes} />
      </FormDrawer>
      {customer && conflict && (
        <Conflict
          customer={customer}
          patch={conflict}
          onClose={() => setConflict(undefined)}
          onSettled={() => {
            setConflict(undefined);
            onClose();
          }}
        />
      )}
    </>
  );
}

function Fields({ attributes }: { attributes: Attribute[] }) {
  const { t } = useTranslation();
  const form = Form.useFormInstance<CustomerValues>();
  const kind = Form.useWatch("kind", form) as string | undefined;
  const shown = attributes.filter((attribute) => attribute.key !== "kind" && (!attribute.only || attribute.only === kind));
  return (
    <>
      <Form.Item name="kind" label={t("customers.attributes.kind")}>
        <Segmented
          options={[
            { value: "CUSTOMER_KIND_ORGANIZATION", label: t("enums.CustomerKind.CUSTOMER_KIND_ORGANIZATION") },
            { value: "CUSTOMER_KIND_PERSON", label: t("enums.CustomerKind.CUSTOMER_KIND_PERSON") },
          ]}
        />
      </Form.Item>
      {sections.map((section) => {
        const inSection = shown.filter((attribute) => attribute.section === section);
        if (inSection.length === 0) return null;
        return (
          <section key={section} aria-label={t(`customers.sections.${section}`)}>
            {section !== "main" && (
              <Typography.Title level={2} style={{ fontSize: 15, margin: "8px 0 16px" }}>
                {t(`customers.sections.${section}`)}
              </Typography.Title>
            )}
            <Row gutter={16}>
              {inSection.map((attribute) => (
                <Col key={attribute.path} xs={24} sm={attribute.kind === "longText" || attribute.key === "name" ? 24 : 12}>
                  <AttributeItem attribute={attribute} kind={kind} />
                </Col>
              ))}
            </Row>
            {section === "contact" && <Addresses />}
          </section>
        );
      })}
    </>
  );
}

function AttributeItem({ attribute, kind }: { attribute: Attribute; kind: string | undefined }) {
  const { t } = useTranslation();
  const isRequired = attribute.key === "name" || attribute.field?.required === true;
  const isPerson = kind === "CUSTOMER_KIND_PERSON";
  const label = attribute.key === "idNumber" ? t(isPerson ? "customers.personId" : "customers.organizationId") : attribute.label;
  return (
    <Form.Item
      name={attribute.field ? ["customFields", attribute.field.key ?? ""] : attribute.key}
      label={label}
      tooltip={attribute.key === "number" ? t("customers.numberHint") : undefined}
      extra={attribute.field && ruleHint(t, attribute.field)}
      rules={isRequired ? [{ required: true, message: t("common.required") }] : undefined}
    >
      <AttributeInput attribute={attribute} />
    </Form.Item>
  );
}
