import { Button, Result } from "antd";
import { useTranslation } from "react-i18next";
import { useRouteError } from "react-router";

/** A screen broke or its code could not be fetched, as happens when a new version is rolled out under an open tab. */
export function RouteFault() {
  const { t } = useTranslation();
  const fault = useRouteError();
  const message = fault instanceof Error ? fault.message : String(fault);
  return (
    <Result
      status="error"
      title={t("app.fault.title")}
      subTitle={t("app.fault.text")}
      extra={
        <Button type="primary" onClick={() => location.reload()}>
          {t("app.fault.reload")}
        </Button>
      }
    >
      <code>{message}</code>
    </Result>
  );
}
