import { useState } from "react";
import { CheckCircleFilled, CloseCircleFilled } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Alert, Drawer, Flex, Form, Tag, Typography, theme } from "antd";
import dayjs from "dayjs";
import { useTranslation } from "react-i18next";
import type { AccessReason, Customer, CustomerAccess } from "@/api/types";
import { EmployeePicker } from "@/identity/directory/EmployeePicker";
import { Loaded } from "@/shared/states";
import { usePhone } from "@/shared/usePhone";
import { explainAccess } from "../../api";
import { byReasons, sentenceOf } from "./sentences";

interface AccessDrawerProps {
  customer: Customer;
  open: boolean;
  onClose: () => void;
}

/** Picks a colleague and says what they may do with the customer, and why. */
export function AccessDrawer({ customer, open, onClose }: AccessDrawerProps) {
  const { t } = useTranslation();
  const phone = usePhone();
  return (
    <Drawer open={open} onClose={onClose} size={phone ? window.innerWidth : 560} title={t("customers.access.title", { name: customer.name })} destroyOnHidden data-testid="access">
      <Explanation customer={customer} />
    </Drawer>
  );
}

function Explanation({ customer }: { customer: Customer }) {
  const { t } = useTranslation();
  const [employeeId, setEmployeeId] = useState<string | undefined>(customer.ownerId || undefined);
  const access = useQuery({
    queryKey: ["customer", customer.id, "access", employeeId],
    queryFn: () => explainAccess(customer.id, employeeId ?? ""),
    enabled: employeeId !== undefined,
  });
  return (
    <Flex vertical gap={16}>
      <Typography.Text type="secondary">{t("customers.access.text")}</Typography.Text>
      <Form.Item label={t("customers.access.person")} htmlFor="access-person" layout="vertical" style={{ margin: 0 }}>
        <EmployeePicker id="access-person" offerMe value={employeeId} onChange={setEmployeeId} />
      </Form.Item>
      {employeeId !== undefined && (
        <Loaded query={access} small>
          {(data) => <Decisions access={data} />}
        </Loaded>
      )}
    </Flex>
  );
}

function Decisions({ access }: { access: CustomerAccess }) {
  const { t } = useTranslation();
  const { token } = theme.useToken();
  const sees = access.decisions.some(({ permission, allowed }) => permission === "PERMISSION_CUSTOMERS_READ" && allowed);
  const owner = access.ownerName ? t("customers.access.ownedBy", { owner: access.ownerName, group: access.groupName || t("identity.employee.ungrouped") }) : t("customers.access.inPool");
  return (
    <Flex vertical gap={20} data-testid="access-decisions">
      <Alert
        type={sees ? "success" : "warning"}
        showIcon
        title={t(sees ? "customers.access.sees" : "customers.access.seesNot", { name: access.employeeName })}
        description={owner}
      />
      {byReasons(access.decisions).map(({ allowed, reasons, permissions }) => (
        <Flex key={permissions.join()} gap={12} align="flex-start">
          {allowed ? (
            <CheckCircleFilled style={{ color: token.colorSuccess, marginTop: 4 }} aria-label={t("customers.access.may")} />
          ) : (
            <CloseCircleFilled style={{ color: token.colorTextQuaternary, marginTop: 4 }} aria-label={t("customers.access.mayNot")} />
          )}
          <Flex vertical gap={6} flex={1} style={{ minWidth: 0 }}>
            <Flex gap={4} wrap>
              {permissions.map((permission) => (
                <Tag key={permission} color={allowed ? "green" : undefined} style={{ margin: 0 }}>
                  {t(`enums.Permission.${permission}`)}
                </Tag>
              ))}
            </Flex>
            {reasons.map((reason, place) => (
              <Reason key={place} reason={reason} />
            ))}
          </Flex>
        </Flex>
      ))}
    </Flex>
  );
}

function Reason({ reason }: { reason: AccessReason }) {
  const { t } = useTranslation();
  return (
    <Typography.Text type="secondary">
      {t(`customers.access.reasons.${sentenceOf(reason)}`, {
        role: reason.roleName,
        scope: t(`enums.Scope.${reason.scope}`),
        group: reason.groupName,
        time: dayjs(reason.expireTime).format("YYYY-MM-DD HH:mm"),
      })}
    </Typography.Text>
  );
}
