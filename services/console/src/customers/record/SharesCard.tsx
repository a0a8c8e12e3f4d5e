import { useState } from "react";
import { DeleteOutlined, PlusOutlined, TeamOutlined, UserOutlined } from "@ant-design/icons";
import { Button, Card, DatePicker, Flex, Form, Popconfirm, Segmented, Typography } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import { useTranslation } from "react-i18next";
import type { Customer, Share } from "@/api/types";
import { EmployeePicker } from "@/identity/directory/EmployeePicker";
import { GroupPicker } from "@/identity/groups/GroupPicker";
import { Authors } from "@/shared/Authors";
import { FormDrawer } from "@/shared/FormDrawer";
import { useNotices } from "@/shared/notices";
import { Loaded, Nothing } from "@/shared/states";
import { Time } from "@/shared/Time";
import { createShare, deleteShare, useCustomerChanged, useShares } from "../api";

interface Values {
  subject: "employee" | "group";
  employeeId?: string;
  groupId?: string;
  expireTime?: Dayjs | null;
}

export function SharesCard({ customer }: { customer: Customer }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useCustomerChanged();
  const shares = useShares(customer.id);
  const [adding, setAdding] = useState(false);

  const remove = async (share: Share) => {
    try {
      await deleteShare(share.id);
      notices.done(t("customers.share.ended"));
    } catch (fault) {
      notices.fault(fault);
    } finally {
      await changed();
    }
  };
  return (
    <Card
      title={t("customers.share.title")}
      extra={
        <Button type="text" icon={<PlusOutlined />} onClick={() => setAdding(true)}>
          {t("common.add")}
        </Button>
      }
      data-testid="shares"
    >
      <Loaded query={shares} small>
        {(list) =>
          list.length === 0 ? (
            <Nothing small text={t("customers.share.empty")} />
          ) : (
            <Flex vertical gap={10} component="ul" style={{ listStyle: "none", margin: 0, padding: 0 }}>
              {list.map((share) => (
                <li key={share.id}>
                  <Flex gap={10} align="center">
                    {share.groupId ? <TeamOutlined /> : <UserOutlined />}
                    <span>{share.subjectName}</span>
                    <div style={{ flex: 1, minWidth: 0 }}>
                      <Typography.Text type="secondary">
                        {share.expireTime ? (
                          <>
                            {t("customers.share.until")} <Time value={share.expireTime} />
                          </>
                        ) : (
                          t("customers.share.unlimited")
                        )}
                      </Typography.Text>
                      <Authors record={share} />
                    </div>
                    <Popconfirm title={t("customers.share.endTitle")} onConfirm={() => void remove(share)}>
                      <Button type="text" size="small" icon={<DeleteOutlined />} aria-label={t("customers.share.endName", { name: share.subjectName })} />
                    </Popconfirm>
                  </Flex>
                </li>
              ))}
            </Flex>
          )
        }
      </Loaded>
      <FormDrawer<Values>
        open={adding}
        title={t("customers.share.add")}
        initialValues={{ subject: "employee" }}
        onClose={() => setAdding(false)}
        onSubmit={async ({ subject, employeeId, groupId, expireTime }) => {
          await createShare(customer.id, {
            ...(subject === "employee" ? { employeeId } : { groupId }),
            expireTime: expireTime ? expireTime.endOf("day").toISOString() : undefined,
          });
          notices.done(t("customers.share.done"));
          await changed();
        }}
      >
        <ShareFields />
      </FormDrawer>
    </Card>
  );
}

function ShareFields() {
  const { t } = useTranslation();
  const form = Form.useFormInstance<Values>();
  const subject = Form.useWatch("subject", form);
  const required = { required: true, message: t("common.required") };
  return (
    <>
      <Form.Item name="subject" label={t("customers.share.with")}>
        <Segmented
          options={[
            { value: "employee", label: t("customers.share.employee") },
            { value: "group", label: t("customers.share.group") },
          ]}
        />
      </Form.Item>
      {subject === "group" ? (
        <Form.Item name="groupId" label={t("customers.share.group")} rules={[required]} extra={t("customers.share.groupHint")}>
          <GroupPicker />
        </Form.Item>
      ) : (
        <Form.Item name="employeeId" label={t("customers.share.employee")} rules={[required]}>
          <EmployeePicker />
        </Form.Item>
      )}
      <Form.Item name="expireTime" label={t("customers.share.expireTime")} extra={t("customers.share.expireHint")}>
        <DatePicker style={{ width: "100%" }} disabledDate={(date) => date.isBefore(dayjs().startOf("day"))} />
      </Form.Item>
    </>
  );
}
