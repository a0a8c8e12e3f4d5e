import { Grid } from "antd";

/** Narrow screens get cards instead of tables and a menu that slides in. */
export function usePhone(): boolean {
  const { md } = Grid.useBreakpoint();
  // Before the first measurement nothing is known; the window tells.
  return md === undefined ? window.innerWidth < 768 : !md;
}
