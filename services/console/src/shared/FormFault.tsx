import { Alert } from "antd";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import { RequestId, Violations } from "./states";

/** A refused form: what is wrong beyond the fields that are marked already. */
export function FormFault({ fault }: { fault: unknown }) {
  const { t } = useTranslation();
  if (!fault) return null;
  const problem = asProblem(fault);
  return (
    <Alert
      type="error"
      showIcon
      style={{ marginBottom: 16 }}
      title={problem.isOffline ? t("common.fault.offline") : problem.detail || t("common.fault.refused")}
      description={
        <>
          <Violations problem={problem} />
          {problem.requestId && <RequestId id={problem.requestId} />}
        </>
      }
      data-testid="form-fault"
    />
  );
}
