// The entries of the menu and when each is there; pure, so that the gating is tested without a browser.
import type { Permission } from "@/api/types";
import type { Access } from "./access";

export interface MenuEntry {
  path: string;
  key:
    | "workbench"
    | "customers"
    | "contacts"
    | "interactions"
    | "pool"
    | "duplicates"
    | "imports"
    | "composition"
    | "employees"
    | "handovers"
    | "privacyRequests"
    | "groups"
    | "roles"
    | "dictionaries"
    | "fields"
    | "churn"
    | "tags"
    | "grades"
    | "valueMatrix"
    | "audit"
    | "serviceAccounts"
    | "provisioning"
    | "identityProviders"
    | "webhooks"
    | "parameters"
    | "feedback"
    | "status";
  section: "work" | "reports" | "organization" | "settings" | "administration";
  service?: string;
  permission?: Permission;
}

const entries: readonly MenuEntry[] = [
  { path: "/", key: "workbench", section: "work" },
  { path: "/customers", key: "customers", section: "work", service: "customers", permission: "PERMISSION_CUSTOMERS_READ" },
  { path: "/contacts", key: "contacts", section: "work", service: "customers", permission: "PERMISSION_CONTACTS_READ" },
  { path: "/interactions", key: "interactions", section: "work", service: "customers", permission: "PERMISSION_INTERACTIONS_READ" },
  { path: "/pool", key: "pool", section: "work", service: "customers", permission: "PERMISSION_CUSTOMERS_CLAIM" },
  { path: "/duplicates", key: "duplicates", section: "work", service: "customers", permission: "PERMISSION_CUSTOMERS_UPDATE" },
  { path: "/churn", key: "churn", section: "work", service: "customers", permission: "PERMISSION_CUSTOMERS_READ" },
  { path: "/imports", key: "imports", section: "work", service: "customers", permission: "PERMISSION_CUSTOMERS_IMPORT" },
  { path: "/reports/composition", key: "composition", section: "reports", service: "reporting", permission: "PERMISSION_REPORTS_READ" },
  { path: "/reports/value-matrix", key: "valueMatrix", section: "reports", service: "customers", permission: "PERMISSION_CUSTOMERS_READ" },
  { path: "/employees", key: "employees", section: "organization", service: "identity", permission: "PERMISSION_EMPLOYEES_READ" },
  { path: "/handovers", key: "handovers", section: "organization", service: "customers", permission: "PERMISSION_CUSTOMERS_ASSIGN" },
  { path: "/groups", key: "groups", section: "organization", service: "identity" },
  { path: "/roles", key: "roles", section: "organization", service: "identity", permission: "PERMISSION_ROLES_READ" },
  { path: "/dictionaries", key: "dictionaries", section: "settings", service: "customers" },
  { path: "/fields", key: "fields", section: "settings", service: "customers" },
  { path: "/tags", key: "tags", section: "settings", service: "customers", permission: "PERMISSION_FIELDS_MANAGE" },
  { path: "/grades", key: "grades", section: "settings", service: "customers", permission: "PERMISSION_FIELDS_MANAGE" },
  { path: "/privacy-requests", key: "privacyRequests", section: "administration", service: "customers", permission: "PERMISSION_CUSTOMERS_PRIVACY" },
  { path: "/audit", key: "audit", section: "administration", permission: "PERMISSION_AUDIT_READ" },
  { path: "/service-accounts", key: "serviceAccounts", section: "administration", service: "identity", permission: "PERMISSION_SERVICE_ACCOUNTS_MANAGE" },
  { path: "/provisioning", key: "provisioning", section: "administration", service: "identity", permission: "PERMISSION_SERVICE_ACCOUNTS_MANAGE" },
  { path: "/identity-providers", key: "identityProviders", section: "administration", service: "identity", permission: "PERMISSION_SIGN_ON_MANAGE" },
  { path: "/webhooks", key: "webhooks", section: "administration", service: "identity", permission: "PERMISSION_WEBHOOKS_MANAGE" },
  { path: "/parameters", key: "parameters", section: "administration", service: "identity", permission: "PERMISSION_PARAMETERS_MANAGE" },
  { path: "/feedback", key: "feedback", section: "administration", service: "identity", permission: "PERMISSION_FEEDBACK_MANAGE" },
  { path: "/service-status", key: "status", section: "administration", permission: "PERMISSION_STATUS_READ" },
];

export function visibleEntries(access: Pick<Access, "can" | "has">): MenuEntry[] {
  return entries.filter(
    (entry) => (!entry.service || access.has(entry.service)) && (!entry.permission || access.can(entry.permission)),
  );
}

/** The entry to whose screen, or to a record of whose screen, a path leads. */
export function entryAt(pathname: string): MenuEntry | undefined {
  return entries.find((entry) => entry.path === pathname || (entry.path !== "/" && pathname.startsWith(`${entry.path}/`)));
}

export const currentEntry = (pathname: string) => entryAt(pathname)?.path;
