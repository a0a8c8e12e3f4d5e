// The customers one looked at lately, for the work bench. Only ids and names are kept, by employee, in this browser.
import type { Customer } from "@/api/types";

export type RecentCustomer = Pick<Customer, "id" | "name" | "kind" | "number">;

const most = 8;

export const recentKey = (employeeId: string | undefined) => employeeId && `changke.recent.${employeeId}`;

export function rememberCustomer(recent: readonly RecentCustomer[], { id, name, kind, number }: RecentCustomer): RecentCustomer[] {
  return [{ id, name, kind, number }, ...recent.filter((entry) => entry.id !== id)].slice(0, most);
}
