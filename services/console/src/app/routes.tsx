// Every address of the console. A screen's code is fetched when it is first opened.
import type { ComponentType } from "react";
import { createBrowserRouter, type RouteObject } from "react-router";
import type { Permission } from "@/api/types";
import { Guard } from "./Guard";
import { NotFound } from "./NotFound";
import { RouteFault } from "./RouteFault";
import { Shell } from "./Shell";
import { StartUp } from "./StartUp";

type Screen = () => Promise<ComponentType>;

function screen(path: string, load: Screen, service?: string, permission?: Permission): RouteObject {
  return {
    path,
    lazy: async () => {
      const Component = await load();
      return {
        element: (
          <Guard service={service} permission={permission}>
            <Component />
          </Guard>
        ),
      };
    },
  };
}

const inside: RouteObject[] = [
  screen("", () => import("@/workbench/WorkbenchPage").then((m) => m.WorkbenchPage)),
  screen("customers", () => import("@/customers/list/CustomerListPage").then((m) => m.CustomerListPage), "customers", "PERMISSION_CUSTOMERS_READ"),
  screen("customers/:id", () => import("@/customers/record/CustomerPage").then((m) => m.CustomerPage), "customers", "PERMISSION_CUSTOMERS_READ"),
  screen("contacts", () => import("@/customers/people/ContactsPage").then((m) => m.ContactsPage), "customers", "PERMISSION_CONTACTS_READ"),
  screen("interactions", () => import("@/customers/people/InteractionsPage").then((m) => m.InteractionsPage), "customers", "PERMISSION_INTERACTIONS_READ"),
  screen("pool", () => import("@/customers/pool/PoolPage").then((m) => m.PoolPage), "customers", "PERMISSION_CUSTOMERS_CLAIM"),
  screen("duplicates", () => import("@/customers/duplicates/DuplicatesPage").then((m) => m.DuplicatesPage), "customers", "PERMISSION_CUSTOMERS_UPDATE"),
  screen("churn", () => import("@/customers/lifecycle/ChurnPage").then((m) => m.ChurnPage), "customers", "PERMISSION_CUSTOMERS_READ"),
  screen("imports", () => import("@/customers/imports/ImportsPage").then((m) => m.ImportsPage), "customers", "PERMISSION_CUSTOMERS_IMPORT"),
  screen("imports/:id", () => import("@/customers/imports/ImportPage").then((m) => m.ImportPage), "customers", "PERMISSION_CUSTOMERS_IMPORT"),
  screen("reports/composition", () => import("@/reporting/CompositionPage").then((m) => m.CompositionPage), "reporting", "PERMISSION_REPORTS_READ"),
  screen("reports/value-matrix", () => import("@/customers/grades/MatrixPage").then((m) => m.MatrixPage), "customers", "PERMISSION_CUSTOMERS_READ"),
  screen("employees", () => import("@/identity/employees/EmployeesPage").then((m) => m.EmployeesPage), "identity", "PERMISSION_EMPLOYEES_READ"),
  screen("employees/import", () => import("@/identity/employees/ImportPage").then((m) => m.ImportPage), "identity", "PERMISSION_EMPLOYEES_MANAGE"),
  screen("handovers", () => import("@/customers/handovers/HandoversPage").then((m) => m.HandoversPage), "customers", "PERMISSION_CUSTOMERS_ASSIGN"),
  screen("privacy-requests", () => import("@/customers/privacy/RequestsPage").then((m) => m.RequestsPage), "customers", "PERMISSION_CUSTOMERS_PRIVACY"),
  screen("groups", () => import("@/identity/groups/GroupsPage").then((m) => m.GroupsPage), "identity"),
  screen("roles", () => import("@/identity/roles/RolesPage").then((m) => m.RolesPage), "identity", "PERMISSION_ROLES_READ"),
  screen("dictionaries", () => import("@/customers/dictionaries/DictionariesPage").then((m) => m.DictionariesPage), "customers"),
  screen("dictionaries/:code", () => import("@/customers/dictionaries/DictionariesPage").then((m) => m.DictionariesPage), "customers"),
  screen("fields", () => import("@/customers/fields/FieldsPage").then((m) => m.FieldsPage), "customers"),
  screen("tags", () => import("@/customers/tags/TagsPage").then((m) => m.TagsPage), "customers", "PERMISSION_FIELDS_MANAGE"),
  screen("grades", () => import("@/customers/grades/GradesPage").then((m) => m.GradesPage), "customers", "PERMISSION_FIELDS_MANAGE"),
  screen("audit", () => import("@/administration/audit/AuditPage").then((m) => m.AuditPage), undefined, "PERMISSION_AUDIT_READ"),
  screen("service-accounts", () => import("@/administration/machines/ServiceAccountsPage").then((m) => m.ServiceAccountsPage), "identity", "PERMISSION_SERVICE_ACCOUNTS_MANAGE"),
  screen("provisioning", () => import("@/administration/provisioning/ProvisioningPage").then((m) => m.ProvisioningPage), "identity", "PERMISSION_SERVICE_ACCOUNTS_MANAGE"),
  screen("identity-providers", () => import("@/administration/sign-on/ProvidersPage").then((m) => m.ProvidersPage), "identity", "PERMISSION_SIGN_ON_MANAGE"),
  screen("webhooks", () => import("@/administration/webhooks/WebhooksPage").then((m) => m.WebhooksPage), "identity", "PERMISSION_WEBHOOKS_MANAGE"),
  screen("webhooks/:id", () => import("@/administration/webhooks/WebhookPage").then((m) => m.WebhookPage), "identity", "PERMISSION_WEBHOOKS_MANAGE"),
  screen("parameters", () => import("@/administration/parameters/ParametersPage").then((m) => m.ParametersPage), "identity", "PERMISSION_PARAMETERS_MANAGE"),
  screen("feedback", () => import("@/administration/feedback/FeedbackPage").then((m) => m.FeedbackPage), "identity", "PERMISSION_FEEDBACK_MANAGE"),
  screen("service-status", () => import("@/administration/status/StatusPage").then((m) => m.StatusPage), undefined, "PERMISSION_STATUS_READ"),
  screen("profile", () => import("@/identity/profile/ProfilePage").then((m) => m.ProfilePage), "identity"),
  { path: "*", element: <NotFound /> },
];

export const router = createBrowserRouter([
  {
    errorElement: <RouteFault />,
    hydrateFallbackElement: <StartUp />,
    children: [
      { path: "/sign-in", lazy: () => import("@/identity/sign-in/SignInPage").then((m) => ({ Component: m.SignInPage })) },
      { path: "/set-up-second-factor", lazy: () => import("@/identity/sign-in/SetUpFactorPage").then((m) => ({ Component: m.SetUpFactorPage })) },
      { path: "/forgot-password", lazy: () => import("@/identity/sign-in/ForgotPasswordPage").then((m) => ({ Component: m.ForgotPasswordPage })) },
      { path: "/set-password", lazy: () => import("@/identity/sign-in/SetPasswordPage").then((m) => ({ Component: m.SetPasswordPage })) },
      { path: "/sign-on/callback", lazy: () => import("@/identity/sign-on/CallbackPage").then((m) => ({ Component: m.CallbackPage })) },
      { path: "/change-password", lazy: () => import("@/identity/sign-in/FirstPasswordPage").then((m) => ({ Component: m.FirstPasswordPage })) },
      { path: "/", element: <Shell />, children: [{ errorElement: <RouteFault />, children: inside }] },
    ],
  },
]);
