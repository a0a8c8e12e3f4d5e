// What can be done to an employee besides editing, each with its question and its answer.
import { App } from "antd";
import { useTranslation } from "react-i18next";
import type { Employee } from "@/api/types";
import { useActs } from "@/shared/acts";
import { deleteEmployee, disableEmployee, enableEmployee, inviteEmployee, resetEmployeePassword, resetSecondFactors, useOrganizationChanged } from "../api";

export interface EmployeeActions {
  disable: (employee: Employee) => void;
  enable: (employee: Employee) => void;
  invite: (employee: Employee) => void;
  resetPassword: (employee: Employee) => void;
  resetFactors: (employee: Employee) => void;
  remove: (employee: Employee) => void;
}

export function useEmployeeActions({ onSecret }: { onSecret: (secret: { loginName: string; password: string }) => void }): EmployeeActions {
  const { t } = useTranslation();
  const { modal } = App.useApp();
  const { attempt, ask, askToDelete } = useActs(useOrganizationChanged());

  return {
    disable: (employee) =>
      ask({
        title: t("identity.employee.disableTitle", { name: employee.displayName }),
        content: t("identity.employee.disableText"),
        okText: t("identity.employee.disable"),
        work: () => attempt(() => disableEmployee(employee.id, employee.etag), t("identity.employee.disabled")),
      }),
    enable: (employee) => void attempt(() => enableEmployee(employee.id, employee.etag), t("identity.employee.enabled")),
    invite: (employee) => void attempt(() => inviteEmployee(employee.id), t("security.invite.sent", { email: employee.email })),
    resetPassword: (employee) =>
      ask({
        title: t("identity.employee.resetTitle", { name: employee.displayName }),
        content: t("identity.employee.resetText"),
        okText: t("identity.employee.reset"),
        danger: false,
        work: () =>
          attempt(async () => {
            const { initialPassword } = await resetEmployeePassword(employee.id);
            onSecret({ loginName: employee.loginName, password: initialPassword });
          }),
      }),
    resetFactors: (employee) =>
      ask({
        title: t("security.resetFactors.title", { name: employee.displayName }),
        content: t("security.resetFactors.text"),
        okText: t("security.resetFactors.action"),
        work: () => attempt(() => resetSecondFactors(employee.id), t("security.resetFactors.done")),
      }),
    remove: (employee) =>
      askToDelete({
        title: t("identity.employee.deleteTitle", { name: employee.displayName }),
        content: t("identity.employee.deleteText"),
        work: () => deleteEmployee(employee.id, employee.etag),
        onFault: ({ reason, detail }) => {
          if (reason !== "EMPLOYEE_OWNS_CUSTOMERS") return false;
          // Says what stands in the way and leads there, instead of only refusing.
          modal.warning({
            title: t("identity.employee.ownsTitle"),
            content: (
              <>
                <p>{detail}</p>
                <a href={`/customers?filter=${encodeURIComponent(`owner_id = "${employee.id}"`)}`}>{t("identity.employee.ownsLink")}</a>
              </>
            ),
          });
          return true;
        },
      }),
  };
}
