import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { Deployment, Permission, Profile } from "@/api/types";
import { Guard } from "./Guard";
import { profileKey } from "./access";

function show(permissions: Permission[], present: boolean) {
  const queries = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } });
  queries.setQueryData<Partial<Profile>>(profileKey, { grants: permissions.map((permission) => ({ permission, scope: "SCOPE_ALL", groupIds: [] })) });
  queries.setQueryData<Deployment>(["deployment"], { version: "1", services: [{ name: "reporting", present, ready: present }] });
  render(
    <QueryClientProvider client={queries}>
      <Guard service="reporting" permission="PERMISSION_REPORTS_READ">
        the report
      </Guard>
    </QueryClientProvider>,
  );
}

describe("a guarded screen", () => {
  it("opens to those who may see it", () => {
    show(["PERMISSION_REPORTS_READ"], true);
    expect(screen.getByText("the report")).toBeTruthy();
  });

  it("says which permission is missing", () => {
    show(["PERMISSION_CUSTOMERS_READ"], true);
    expect(screen.queryByText("the report")).toBeNull();
    expect(screen.getByTestId("no-permission")).toBeTruthy();
  });

  it("says that its service isn't there, whatever one may do", () => {
    show(["PERMISSION_REPORTS_READ"], false);
    expect(screen.queryByText("the report")).toBeNull();
    expect(screen.queryByTestId("no-permission")).toBeNull();
  });
});
