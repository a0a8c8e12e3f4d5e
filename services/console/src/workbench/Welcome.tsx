import { Flex, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useAccess } from "@/app/access";
import { visibleEntries } from "@/app/menu";

/** For those whose roles know no agenda: where they can go. */
export function Welcome() {
  const { t } = useTranslation();
  const entries = visibleEntries(useAccess()).filter((entry) => entry.path !== "/");
  return (
    <Flex vertical gap={8}>
      <Typography.Text type="secondary">{t("app.workbench.start")}</Typography.Text>
      {entries.map((entry) => (
        <Link key={entry.path} to={entry.path}>
          {t(`app.menu.${entry.key}`)}
        </Link>
      ))}
    </Flex>
  );
}
