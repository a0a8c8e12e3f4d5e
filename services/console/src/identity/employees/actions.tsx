// What can be done to an employee besides editing, each with its question and its answer.
import { App } from "antd";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import type { Employee } from "@/api/types";
import { useNotices } from "@/shared/notices";
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
  const notices = useNotices();
  const changed = useOrganizationChanged();

  const attempt = async (work: () => Promise<unknown>, text: string) => {
    try {
      await work();
      notices.done(text);
    } catch (fault) {
      notices.fault(fault);
    } finally {
      await changed();
    }
  };
  return {
    disable: (employee) =>
      void modal.confirm({
        title: t("identity.employee.disableTitle", { name: employee.displayName }),
        content: t("identity.employee.disableText"),
        okText: t("identity.employee.disable"),
        okButtonProps: { danger: true },
        onOk: () => attempt(() => disableEmployee(employee.id, employee.etag), t("identity.employee.disabled")),
      }),
    enable: (employee) => void attempt(() => enableEmployee(employee.id, employee.etag), t("identity.employee.enabled")),
    invite: (employee) => void attempt(() => inviteEmployee(employee.id), t("security.invite.sent", { email: employee.email })),
    resetPassword: (employee) =>
      void modal.confirm({
        title: t("identity.employee.resetTitle", { name: employee.displayName }),
        content: t("identity.employee.resetText"),
        okText: t("identity.employee.reset"),
        onOk: async () => {
          try {
            const { initialPassword } = await resetEmployeePassword(employee.id);
            onSecret({ loginName: employee.loginName, password: initialPassword });
          } catch (fault) {
            notices.fault(fault);
          } finally {
            await changed();
          }
        },
      }),
    resetFactors: (employee) =>
      void modal.confirm({
        title: t("security.resetFactors.title", { name: employee.displayName }),
        content: t("security.resetFactors.text"),
        okText: t("security.resetFactors.action"),
        okButtonProps: { danger: true },
        onOk: () => attempt(() => resetSecondFactors(employee.id), t("security.resetFactors.done")),
      }),
    remove: (employee) =>
      void modal.confirm({
        title: t("identity.employee.deleteTitle", { name: employee.displayName }),
        content: t("identity.employee.deleteText"),
        okText: t("common.delete"),
        okButtonProps: { danger: true },
        onOk: async () => {
          try {
            await deleteEmployee(employee.id, employee.etag);
            notices.done(t("common.deleted"));
          } catch (fault) {
            const problem = asProblem(fault);
            if (problem.reason !== "EMPLOYEE_OWNS_CUSTOMERS") return notices.fault(fault);
            // Says what stands in the way and leads there, instead of only refusing.
            modal.warning({
              title: t("identity.employee.ownsTitle"),
              content: (
                <>
                  <p>{problem.detail}</p>
                  <a href={`/customers?filter=${encodeURIComponent(`owner_id = "${employee.id}"`)}`}>{t("identity.employee.ownsLink")}</a>
                </>
              ),
            });
          } finally {
            await changed();
          }
        },
      }),
  };
}
