import type { ReactNode } from "react";
import { Result } from "antd";
import { useTranslation } from "react-i18next";
import type { Permission } from "@/api/types";
import { NoPermission } from "@/shared/states";
import { useAccess } from "./access";

interface GuardProps {
  service?: string;
  permission?: Permission;
  children: ReactNode;
}

/** A screen that the caller may not use, or whose service is not deployed, says so instead of failing call by call. */
export function Guard({ service, permission, children }: GuardProps) {
  const { t } = useTranslation();
  const access = useAccess();
  if (service && !access.has(service)) {
    return <Result status="info" title={t("app.absent.title")} subTitle={t("app.absent.text")} />;
  }
  if (permission && access.profile && !access.can(permission)) return <NoPermission permission={permission} />;
  return children;
}
