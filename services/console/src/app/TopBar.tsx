import { lazy, Suspense, useState } from "react";
import { MenuFoldOutlined, MenuOutlined, MenuUnfoldOutlined, MessageOutlined } from "@ant-design/icons";
import { Button, Flex, Layout, theme } from "antd";
import { useTranslation } from "react-i18next";
import { QuickSearch } from "@/customers/search/QuickSearch";
import { useAccess } from "./access";
import { LanguageSwitch, ThemeSwitch } from "./Switches";
import { UserMenu } from "./UserMenu";

const FeedbackDrawer = lazy(() => import("@/administration/feedback/FeedbackDrawer").then((m) => ({ default: m.FeedbackDrawer })));

interface TopBarProps {
  phone: boolean;
  menuCollapsed: boolean;
  onMenu: () => void;
}

export function TopBar({ phone, menuCollapsed, onMenu }: TopBarProps) {
  const { t } = useTranslation();
  const { token } = theme.useToken();
  const access = useAccess();
  const [feedback, setFeedback] = useState(false);
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
        {!phone && access.has("identity") && (
          <Button type="text" icon={<MessageOutlined />} onClick={() => setFeedback(true)} aria-label={t("administration.feedback.open")} title={t("administration.feedback.open")} data-testid="open-feedback" />
        )}
        {!phone && <LanguageSwitch />}
        {!phone && <ThemeSwitch />}
        <UserMenu phone={phone} onFeedback={() => setFeedback(true)} />
      </Flex>
      {feedback && (
        <Suspense fallback={null}>
          <FeedbackDrawer onClose={() => setFeedback(false)} />
        </Suspense>
      )}
    </Layout.Header>
  );
}
