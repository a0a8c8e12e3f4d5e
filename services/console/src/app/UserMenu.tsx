import { ApiOutlined, LogoutOutlined, MessageOutlined, MoonOutlined, TranslationOutlined, UserOutlined } from "@ant-design/icons";
import { Button, Dropdown, Flex, type MenuProps } from "antd";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useSignOut } from "@/identity/sign-in/session";
import { PersonAvatar } from "@/shared/PersonAvatar";
import { useAccess } from "./access";
import { setPreferences, useIsDark, usePreferences } from "./preferences";

/** The caller's own menu; on a phone it also holds what the top bar has no room for. */
export function UserMenu({ phone, onFeedback }: { phone: boolean; onFeedback: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { profile, has } = useAccess();
  const { language } = usePreferences();
  const dark = useIsDark();
  const signOut = useSignOut();
  const other = language === "zh-CN" ? "en" : "zh-CN";

  const items: MenuProps["items"] = [
    { key: "profile", icon: <UserOutlined />, label: t("app.user.profile"), onClick: () => void navigate("/profile") },
    ...(phone
      ? [
          ...(has("identity") ? [{ key: "feedback", icon: <MessageOutlined />, label: t("administration.feedback.open"), onClick: onFeedback }] : []),
          {
            key: "language",
            icon: <TranslationOutlined />,
            label: <span lang={other}>{other === "en" ? "English" : "简体中文"}</span>,
            onClick: () => setPreferences({ language: other }),
          },
          {
            key: "theme",
            icon: <MoonOutlined />,
            label: t(dark ? "app.themes.light" : "app.themes.dark"),
            onClick: () => setPreferences({ theme: dark ? "light" : "dark" }),
          },
        ]
      : []),
    { key: "docs", icon: <ApiOutlined />, label: <a href="/docs" target="_blank" rel="noreferrer">{t("app.user.docs")}</a> },
    { type: "divider" },
    { key: "signOut", icon: <LogoutOutlined />, label: t("app.user.signOut"), danger: true, onClick: () => signOut.mutate() },
  ];
  return (
    <Dropdown trigger={["click"]} menu={{ items }} placement="bottomRight">
      <Button type="text" aria-label={t("app.user.menu")} data-testid="user-menu" style={{ paddingInline: 8 }}>
        <Flex align="center" gap={8}>
          <PersonAvatar name={profile?.displayName ?? ""} employeeId={profile?.id} size={26} />
          {!phone && <span>{profile?.displayName}</span>}
        </Flex>
      </Button>
    </Dropdown>
  );
}
