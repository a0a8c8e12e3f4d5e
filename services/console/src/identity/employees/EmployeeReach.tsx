import { Flex, Typography } from "antd";
import type { Employee } from "@/api/types";
import { useAccess } from "@/app/access";
import { isMasked } from "@/shared/masked";
import { RevealButton } from "@/shared/RevealButton";
import { useRevealed } from "@/shared/useRevealed";
import { revealEmployee } from "../api";

/** Phone and e-mail, in clear for this view when the caller asks for it and may. */
export function EmployeeReach({ employee }: { employee: Employee }) {
  const { can } = useAccess();
  const { shown, revealed, reveal, hide } = useRevealed(employee, revealEmployee);
  const masked = isMasked(employee.phone) || isMasked(employee.email);
  return (
    <Flex gap={4} align="center">
      <Flex vertical style={{ minWidth: 0 }}>
        <span className="tabular">{shown.phone}</span>
        {shown.email && (
          <Typography.Text type="secondary" style={{ fontSize: 12 }}>
            {shown.email}
          </Typography.Text>
        )}
      </Flex>
      {masked && can("PERMISSION_EMPLOYEES_REVEAL") && <RevealButton small name={employee.displayName} revealed={revealed} onReveal={reveal} onHide={hide} />}
    </Flex>
  );
}
