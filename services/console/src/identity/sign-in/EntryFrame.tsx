import type { ReactNode } from "react";
import { Card, Flex, Typography, theme } from "antd";
import { useTranslation } from "react-i18next";
import { LanguageSwitch, ThemeSwitch } from "@/app/Switches";

/** The frame of the screens before the console proper. */
export function EntryFrame({ title, text, children }: { title: string; text: string; children: ReactNode }) {
  const { t } = useTranslation();
  const { token } = theme.useToken();
  return (
    <Flex
      vertical
      style={{
        minHeight: "100vh",
        background: `radial-gradient(1200px 600px at 85% -10%, ${token.colorPrimaryBg}, transparent), ${token.colorBgLayout}`,
      }}
    >
      <Flex justify="space-between" align="center" style={{ padding: "16px 24px" }}>
        <Flex align="center" gap={10}>
          <img src="/mark.svg" alt="" width={32} height={32} />
          <Typography.Text strong style={{ fontSize: 20 }}>
            {t("app.name")}
          </Typography.Text>
        </Flex>
        <Flex>
          <LanguageSwitch />
          <ThemeSwitch />
        </Flex>
      </Flex>
      <Flex flex={1} align="center" justify="center" style={{ padding: 16, paddingBottom: "12vh" }}>
        <Card
          style={{ width: "100%", maxWidth: 420, boxShadow: token.boxShadowTertiary }}
          styles={{ body: { padding: 32 } }}
          role="main"
        >
          <Typography.Title level={1} style={{ fontSize: 24, marginTop: 0, marginBottom: 4 }}>
            {title}
          </Typography.Title>
          <Typography.Paragraph type="secondary" style={{ marginBottom: 24 }}>
            {text}
          </Typography.Paragraph>
          {children}
        </Card>
      </Flex>
    </Flex>
  );
}
