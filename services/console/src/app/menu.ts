// The entries of the menu and when each is there; pure, so that the gating is tested without a browser.
import type { Permission } from "@/api/types";
import type { Access } from "./access";

export interface MenuEntry {
  path: string;
  key: "workbench" | "customers" | "pool" | "imports" | "composition" | "employees" | "groups" | "roles" | "dictionaries" | "fields";
  section: "work" | "reports" | "organization" | "settings";
  service?: string;
  permission?: Permission;
}

const entries: readonly MenuEntry[] = [
  { path: "/", key: "workbench", section: "work" },
  { path: "/customers", key: "customers", section: "work", service: "customers", permission: "PERMISSION_CUSTOMERS_READ" },
  { path: "/pool", key: "pool", section: "work", service: "customers", permission: "PERMISSION_CUSTOMERS_CLAIM" },
  { path: "/imports", key: "imports", section: "work", service: "customers", permission: "PERMISSION_CUSTOMERS_IMPORT" },
  { path: "/reports/composition", key: "composition", section: "reports", service: "reporting", permission: "PERMISSION_REPORTS_READ" },
  { path: "/employees", key: "employees", section: "organization", service: "identity", permission: "PERMISSION_EMPLOYEES_READ" },
  { path: "/groups", key: "groups", section: "organization", service: "identity" },
  { path: "/roles", key: "roles", section: "organization", service: "identity", permission: "PERMISSION_ROLES_READ" },
  { path: "/dictionaries", key: "dictionaries", section: "settings", service: "customers" },
  { path: "/fields", key: "fields", section: "settings", service: "customers" },
];

export function visibleEntries(access: Pick<Access, "can" | "has">): MenuEntry[] {
  return entries.filter(
    (entry) => (!entry.service || access.has(entry.service)) && (!entry.permission || access.can(entry.permission)),
  );
}

/** The entry whose screen, or a record of whose screen, is open. */
export function currentEntry(pathname: string): string | undefined {
  return entries.find((entry) => entry.path === pathname || (entry.path !== "/" && pathname.startsWith(`${entry.path}/`)))?.path;
}
