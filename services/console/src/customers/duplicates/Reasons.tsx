import { Flex, Tag } from "antd";
import { useTranslation } from "react-i18next";
import type { DuplicateReason } from "@/api/types";

/** How likely two customers are one, and why. */
export function Reasons({ score, reasons }: { score: number; reasons: readonly DuplicateReason[] }) {
  const { t } = useTranslation();
  return (
    <Flex gap={6} wrap align="center">
      <Tag color={score >= 80 ? "red" : "orange"} style={{ margin: 0 }}>
        {t("customers.duplicates.score", { score })}
      </Tag>
      {reasons.map((reason) => (
        <Tag key={reason} style={{ margin: 0 }}>
          {t(`enums.DuplicateReason.${reason}`)}
        </Tag>
      ))}
    </Flex>
  );
}
