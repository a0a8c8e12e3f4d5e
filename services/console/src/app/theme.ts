import { theme, type ThemeConfig } from "antd";

const fontFamily = [
  "Inter",
  "-apple-system",
  "BlinkMacSystemFont",
  '"Segoe UI"',
  '"PingFang SC"',
  '"Hiragino Sans GB"',
  '"Microsoft YaHei"',
  '"Noto Sans CJK SC"',
  '"Noto Sans SC"',
  "sans-serif",
].join(", ");

export function themeFor(dark: boolean): ThemeConfig {
  return {
    algorithm: dark ? theme.darkAlgorithm : theme.defaultAlgorithm,
    token: {
      colorPrimary: dark ? "#4f7cff" : "#1d4ed8",
      colorInfo: dark ? "#4f7cff" : "#1d4ed8",
      borderRadius: 8,
      fontFamily,
      colorBgLayout: dark ? "#0d1117" : "#f5f7fa",
      colorBgContainer: dark ? "#161b22" : "#ffffff",
      colorBgElevated: dark ? "#1c2330" : "#ffffff",
    },
    components: {
      Layout: { headerHeight: 56, headerPadding: "0 16px", bodyBg: dark ? "#0d1117" : "#f5f7fa" },
      Menu: { itemHeight: 38, activeBarBorderWidth: 0, itemSelectedColor: dark ? "#ffffff" : "#1d4ed8" },
      Table: { cellPaddingBlock: 11, headerSplitColor: "transparent" },
      Descriptions: { itemPaddingBottom: 12 },
    },
  };
}
