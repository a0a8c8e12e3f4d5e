import { Flex, Spin } from "antd";
import { useTranslation } from "react-i18next";

/** Shown for the moment before anything is known, and no longer. */
export function StartUp() {
  const { t } = useTranslation();
  return (
    <Flex align="center" justify="center" style={{ minHeight: "60vh" }} role="status" aria-label={t("common.loading")}>
      <Spin size="large" delay={200} />
    </Flex>
  );
}
