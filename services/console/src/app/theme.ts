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

const tagColors = ["blue", "cyan", "geekblue", "gold", "green", "lime", "magenta", "orange", "pink", "purple", "red", "volcano", "yellow"] as const;

/** Tags write in the seventh shade of their colour, which is too faint to read at their size: a stronger one in its place. */
function tagTexts(algorithm: ThemeConfig["algorithm"], dark: boolean): ThemeConfig["token"] {
  const shades = theme.getDesignToken({ algorithm });
  // Ant Design keeps each shade under two names, and takes the one or the other.
  return Object.fromEntries(tagColors.flatMap((color) => [`${color}7`, `${color}-7`].map((name) => [name, shades[`${color}${dark ? 9 : 8}`]])));
}

export function themeFor(dark: boolean, still: boolean): ThemeConfig {
  // At least 4.5 : 1 against the ground.
  const hint = dark ? "rgba(255, 255, 255, 0.6)" : "rgba(0, 0, 0, 0.58)";
  const algorithm = dark ? theme.darkAlgorithm : theme.defaultAlgorithm;
  return {
    algorithm,
    token: {
      motion: !still,
      ...tagTexts(algorithm, dark),
      colorTextDescription: hint,
      colorTextPlaceholder: dark ? "rgba(255, 255, 255, 0.45)" : "rgba(0, 0, 0, 0.45)",
      ...(dark && { colorLink: "#8fb0ff" }),
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
      Descriptions: { itemPaddingBottom: 12, labelColor: hint },
      // The colours of states as texts; as grounds and lines they may stay lighter.
      Typography: { colorSuccessText: dark ? "#6abe39" : "#237804", colorErrorText: dark ? "#ff7875" : "#cf1322", colorWarningText: dark ? "#e8b339" : "#ad6800" },
      ...(dark ? { Tabs: { itemSelectedColor: "#8fb0ff", itemHoverColor: "#8fb0ff", inkBarColor: "#8fb0ff" } } : { Form: { colorError: "#cf1322" }, Button: { colorError: "#cf1322" } }),
    },
  };
}
