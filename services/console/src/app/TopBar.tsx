import { MenuFoldOutlined, MenuOutlined, MenuUnfoldOutlined } from "@ant-design/icons";
import { Button, Flex, Layout, theme } from "antd";
import { useTranslation } from "react-i18next";
import { QuickSearch } from "@/customers/search/QuickSearch";
import { useAccess } from "./access";
import { LanguageSwitch, ThemeSwitch } from "./Switches";
import { UserMenu } from "./UserMenu";

interface TopBarProps {
  phone: boolean;
  menuCollapsed: boolean;
  onMenu: () => void;
}

export function TopBar({ phone, menuCollapsed, onMenu }: TopBarProps) {
  const { t } = useTranslation();
  const { token } = theme.useToken();
  const access = useAccess();
  const icon = phone ? <MenuOutlined /> : menuCollapsed ? <MenuUnfoldOutlined /> : <MenuFoldOutlined />;
  return (
    <Layout.Header
      style={{
        position: "sticky",
        top: 0,
        zIndex: 20,
        background: token.colorBgContainer,
        borderBottom: `1px solid ${token.colorBorderSecondary}`,
        paddingInline: phone ? 8 : 16,
        // The header centres its items by itself; the tall line would stretch the search box.
        lineHeight: "normal",
      }}
    >
      <Flex align="center" gap={phone ? 4 : 12} style={{ height: "100%" }}>
        <Button type="text" icon={icon} onClick={onMenu} aria-label={t("app.toggleMenu")} title={t("app.toggleMenu")} />
        {access.has("customers") && access.can("PERMISSION_CUSTOMERS_READ") && <QuickSearch compact={phone} />}
        <div style={{ flex: 1 }} />
        {!phone && <LanguageSwitch />}
        {!phone && <ThemeSwitch />}
        <UserMenu phone={phone} />
      </Flex>
    </Layout.Header>
  );
}
