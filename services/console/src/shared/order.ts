// `update_time desc, name` ↔ the sorter of a table's column; pure.
export interface Order {
  path: string;
  descending: boolean;
}

export function parseOrder(text: string): Order[] {
  return text
    .split(",")
    .map((part) => part.trim().split(/\s+/))
    .filter(([path]) => path)
    .map(([path = "", direction]) => ({ path, descending: direction === "desc" }));
}

export function orderText(orders: readonly Order[]): string {
  return orders.map(({ path, descending }) => (descending ? `${path} desc` : path)).join(", ");
}

export function sortOrderOf(orders: readonly Order[], path: string): "ascend" | "descend" | null {
  const order = orders.find((candidate) => candidate.path === path);
  return order ? (order.descending ? "descend" : "ascend") : null;
}
