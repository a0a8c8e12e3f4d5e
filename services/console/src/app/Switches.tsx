import { DesktopOutlined, MoonOutlined, SunOutlined, TranslationOutlined } from "@ant-design/icons";
import { Button, Dropdown } from "antd";
import { useTranslation } from "react-i18next";
import { setPreferences, usePreferences, type ThemeChoice } from "./preferences";
import type { Language } from "@/i18n";

const languages: { key: Language; label: string }[] = [
  { key: "zh-CN", label: "简体中文" },
  { key: "en", label: "English" },
];

export function LanguageSwitch() {
  const { t } = useTranslation();
  const { language } = usePreferences();
  return (
    <Dropdown
      trigger={["click"]}
      menu={{
        items: languages.map(({ key, label }) => ({ key, label: <span lang={key}>{label}</span> })),
        selectable: true,
        selectedKeys: [language],
        onClick: ({ key }) => setPreferences({ language: key as Language }),
      }}
    >
      <Button type="text" icon={<TranslationOutlined />} aria-label={t("app.language")} title={t("app.language")} data-testid="language" />
    </Dropdown>
  );
}

export const themeIcons: Record<ThemeChoice, React.ReactNode> = {
  light: <SunOutlined />,
  dark: <MoonOutlined />,
  system: <DesktopOutlined />,
};

export function ThemeSwitch() {
  const { t } = useTranslation();
  const { theme } = usePreferences();
  const choices: ThemeChoice[] = ["light", "dark", "system"];
  return (
    <Dropdown
      trigger={["click"]}
      menu={{
        items: choices.map((key) => ({ key, label: t(`app.themes.${key}`), icon: themeIcons[key] })),
        selectable: true,
        selectedKeys: [theme],
        onClick: ({ key }) => setPreferences({ theme: key as ThemeChoice }),
      }}
    >
      <Button type="text" icon={themeIcons[theme]} aria-label={t("app.theme")} title={t("app.theme")} data-testid="theme" />
    </Dropdown>
  );
}
