import { theme } from "antd";

/** A thin line under the top bar while the next screen is being fetched. */
export function ProgressLine({ active }: { active: boolean }) {
  const { token } = theme.useToken();
  return (
    <div
      aria-hidden
      style={{
        height: 2,
        marginTop: -2,
        background: token.colorPrimary,
        width: active ? "70%" : "0%",
        opacity: active ? 1 : 0,
        transition: active ? "width 4s ease-out 0.15s, opacity 0.1s 0.15s" : "none",
      }}
    />
  );
}
