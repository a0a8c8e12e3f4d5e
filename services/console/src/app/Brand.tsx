import { Flex, theme } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

export function Brand({ collapsed = false }: { collapsed?: boolean }) {
  const { t } = useTranslation();
  const { token } = theme.useToken();
  return (
    <Link to="/" aria-label={t("app.name")} style={{ color: token.colorText }}>
      <Flex align="center" justify={collapsed ? "center" : "flex-start"} gap={10} style={{ height: 56, padding: collapsed ? 0 : "0 20px" }}>
        <img src="/mark.svg" alt="" width={28} height={28} />
        {!collapsed && <span style={{ fontSize: 18, fontWeight: 600, letterSpacing: 0.5 }}>{t("app.name")}</span>}
      </Flex>
    </Link>
  );
}
