import { CheckCircleFilled, CloseCircleFilled } from "@ant-design/icons";
import { Flex, Tag, Typography, theme } from "antd";
import dayjs from "dayjs";
import { useTranslation } from "react-i18next";
import type { AccessDecision, AccessReason } from "@/api/types";
import { roleName } from "@/identity/roles/names";
import { byReasons, sentenceOf } from "./sentences";

/** What somebody may and may not do with a record, each with its reasons. */
export function Decisions({ decisions }: { decisions: readonly AccessDecision[] }) {
  const { t } = useTranslation();
  const { token } = theme.useToken();
  return byReasons(decisions).map(({ allowed, reasons, permissions }) => (
    <Flex key={permissions.join()} gap={12} align="flex-start">
      {allowed ? (
        <CheckCircleFilled style={{ color: token.colorSuccess, marginTop: 4 }} aria-label={t("common.access.may")} />
      ) : (
        <CloseCircleFilled style={{ color: token.colorTextQuaternary, marginTop: 4 }} aria-label={t("common.access.mayNot")} />
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
  ));
}

function Reason({ reason }: { reason: AccessReason }) {
  const { t } = useTranslation();
  return (
    <Typography.Text type="secondary">
      {t(`common.access.reasons.${sentenceOf(reason)}`, {
        role: roleName(t, reason.roleName ?? ""),
        scope: t(`enums.Scope.${reason.scope}`),
        group: reason.groupName,
        time: dayjs(reason.expireTime).format("YYYY-MM-DD HH:mm"),
      })}
    </Typography.Text>
  );
}
