import { Alert } from "antd";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import { RequestId, Violations } from "./states";

/** A refused form: what is wrong beyond the fields that are marked already. */
export function FormFault({ fault }: { fault: unknown }) {
  const { t } = useTranslation();
  if (!fault) return null;
  const problem = asProblem(fault);
  const violations = problem.fieldViolations;
  // One fault is the whole message.
  const only = violations.length === 1 ? violations[0]?.description : undefined;
  return (
    <Alert
      type="error"
      showIcon
      style={{ marginBottom: 16 }}
      title={problem.isOffline ? t("common.fault.offline") : only || problem.detail || t("common.fault.refused")}
      description={
        <>
          {!only && <Violations problem={problem} />}
          {problem.requestId && <RequestId id={problem.requestId} />}
        </>
      }
      data-testid="form-fault"
    />
  );
}
