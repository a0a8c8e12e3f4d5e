import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Col, Flex, Form, Input, Row } from "antd";
import { useTranslation } from "react-i18next";
import { TreeEntryPicker } from "../dictionaries/pickers";
import { AddressLabelInput } from "./addressLabels";

const most = 10;

/** The addresses in a customer's form, each on two lines. */
export function Addresses() {
  const { t } = useTranslation();
  return (
    <Form.List name="addresses">
      {(fields, { add, remove }) => (
        <Flex vertical gap={16} style={{ marginBottom: 16 }}>
          {fields.map((field) => (
            <Flex key={field.key} gap={8} align="flex-start" role="group" aria-label={`${t("customers.address.title")} ${field.name + 1}`}>
              <Row gutter={[8, 8]} style={{ flex: 1 }}>
                <Col xs={24} sm={8}>
                  <Form.Item name={[field.name, "label"]} noStyle>
                    <AddressLabelInput />
                  </Form.Item>
                </Col>
                <Col xs={24} sm={16}>
                  <Form.Item name={[field.name, "region"]} noStyle>
                    <TreeEntryPicker dictionary="region" aria-label={t("customers.attributes.region")} placeholder={t("customers.attributes.region")} />
                  </Form.Item>
                </Col>
                <Col xs={24} sm={16}>
                  <Form.Item name={[field.name, "street"]} noStyle>
                    <Input placeholder={t("customers.address.street")} aria-label={t("customers.address.street")} maxLength={200} />
                  </Form.Item>
                </Col>
                <Col xs={24} sm={8}>
                  <Form.Item name={[field.name, "postalCode"]} noStyle>
                    <Input placeholder={t("customers.address.postalCode")} aria-label={t("customers.address.postalCode")} maxLength={16} inputMode="numeric" />
                  </Form.Item>
                </Col>
              </Row>
              <Button type="text" icon={<DeleteOutlined />} onClick={() => remove(field.name)} aria-label={t("customers.address.remove")} title={t("customers.address.remove")} />
            </Flex>
          ))}
          {fields.length < most && (
            <Button type="dashed" icon={<PlusOutlined />} onClick={() => add({ label: "", region: "", street: "", postalCode: "" })}>
              {t("customers.address.add")}
            </Button>
          )}
        </Flex>
      )}
    </Form.List>
  );
}
