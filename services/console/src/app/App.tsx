// The providers around everything: language, theme, server state, routes.
import { useEffect } from "react";
import { QueryClientProvider } from "@tanstack/react-query";
import { App as AntApp, ConfigProvider } from "antd";
import enUS from "antd/locale/en_US";
import zhCN from "antd/locale/zh_CN";
import { RouterProvider } from "react-router";
import { applyLanguage } from "@/i18n";
import { StepUp } from "@/identity/security/StepUp";
import { useIsDark, useIsStill, usePreferences } from "./preferences";
import { queryClient } from "./queryClient";
import { router } from "./routes";
import { themeFor } from "./theme";

export function App() {
  const { language } = usePreferences();
  const dark = useIsDark();
  const still = useIsStill();
  useEffect(() => applyLanguage(language), [language]);
  useEffect(() => {
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  }, [dark]);
  return (
    <ConfigProvider locale={language === "zh-CN" ? zhCN : enUS} theme={themeFor(dark, still)} button={{ autoInsertSpace: false }}>
      <AntApp notification={{ placement: "topRight", maxCount: 3 }} message={{ maxCount: 2 }}>
        <QueryClientProvider client={queryClient}>
          <RouterProvider router={router} />
          <StepUp />
        </QueryClientProvider>
      </AntApp>
    </ConfigProvider>
  );
}
