import { useState } from "react";
import { useQuery } from "@tanstack/react-query";
import { Alert, Drawer, Flex, Form, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { Customer, CustomerAccess } from "@/api/types";
import { EmployeePicker } from "@/identity/directory/EmployeePicker";
import { Decisions } from "@/shared/access/Decisions";
import { Loaded } from "@/shared/states";
import { usePhone } from "@/shared/usePhone";
import { explainAccess } from "../../api";

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
          {(data) => <Answer access={data} />}
        </Loaded>
      )}
    </Flex>
  );
}

function Answer({ access }: { access: CustomerAccess }) {
  const { t } = useTranslation();
  const sees = access.decisions.some(({ permission, allowed }) => permission === "PERMISSION_CUSTOMERS_READ" && allowed);
  const owner = access.ownerName ? t("customers.access.ownedBy", { owner: access.ownerName, group: access.groupName || t("identity.employee.ungrouped") }) : t("customers.access.inPool");
  return (
    <Flex vertical gap={20} data-testid="access-decisions">
      <Alert type={sees ? "success" : "warning"} showIcon title={t(sees ? "customers.access.sees" : "customers.access.seesNot", { name: access.employeeName })} description={owner} />
      <Decisions decisions={access.decisions} />
    </Flex>
  );
}
