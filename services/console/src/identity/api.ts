// Calls of the identity service, and what each change makes stale.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { allPages } from "@/api/pages";
import { client, unwrap } from "@/api/client";
import { upload } from "@/api/upload";
import type { Avatar, EmployeeImportAnswer, EmployeeInput, EmployeePatch, GroupPatch, ProfilePatch, RoleInput, RolePatch } from "@/api/types";
import { profileKey } from "@/app/access";

const cookieMode = { "X-Session-Mode": "cookie" };

export const signIn = (body: { loginName: string; password: string; device: string; deviceToken: string }) =>
  unwrap(client.POST("/v1/sessions:signIn", { body, headers: cookieMode }));

/** Ends a sign-in that was answered with a challenge. */
export const completeSignIn = (body: { challenge: string; device: string; totpCode?: string; recoveryCode?: string; passkeyJson?: string }) =>
  unwrap(client.POST("/v1/sessions:completeSignIn", { body, headers: cookieMode }));

export const startPasskeySignIn = () => unwrap(client.POST("/v1/sessions:startPasskeySignIn", { body: {} }));

export const signOut = () => unwrap(client.POST("/v1/sessions:signOut", { body: {} }));

export const changePassword = (body: { currentPassword: string; newPassword: string }) =>
  unwrap(client.POST("/v1/profile:changePassword", { body, headers: cookieMode }));

export const requestPasswordReset = (loginName: string) => unwrap(client.POST("/v1/passwordLinks:request", { body: { loginName } }));

export const setPasswordByLink = (body: { token: string; newPassword: string }) => unwrap(client.POST("/v1/passwordLinks:use", { body }));

export function usePasswordPolicy() {
  return useQuery({
    queryKey: ["passwordPolicy"],
    queryFn: () => unwrap(client.GET("/v1/passwordPolicy")),
    staleTime: Infinity,
  });
}

export function useSessions() {
  return useQuery({
    queryKey: ["sessions"],
    queryFn: () =>
      allPages(
        (pageToken) => unwrap(client.GET("/v1/sessions", { params: { query: { pageSize: 200, pageToken } } })),
        (page) => page.sessions,
      ),
  });
}

export function useRevokeSession() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => unwrap(client.DELETE("/v1/sessions/{id}", { params: { path: { id } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: ["sessions"] }),
  });
}

export function useRevokeOtherSessions() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => unwrap(client.POST("/v1/sessions:revokeOthers", { body: {} })),
    onSettled: () => queries.invalidateQueries({ queryKey: ["sessions"] }),
  });
}

export function useUpdateProfile() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (profile: ProfilePatch) => unwrap(client.PATCH("/v1/profile", { body: profile })),
    onSuccess: (profile) => queries.setQueryData(profileKey, profile),
  });
}

export const uploadAvatar = (picture: File) => upload<Avatar>("/v1/profile/avatar", {}, picture);

export const deleteAvatar = () => unwrap(client.DELETE("/v1/profile/avatar"));

/** With an invitation, links by e-mail take the place of initial passwords. */
export const importEmployees = (file: File, choice: { dryRun: boolean; invite: boolean }) =>
  upload<EmployeeImportAnswer>("/v1/employees:import", { fileName: file.name, dryRun: String(choice.dryRun), invite: String(choice.invite) }, file);

export const listDirectory = (query: string) =>
  unwrap(client.GET("/v1/directory", { params: { query: { query: query || undefined, pageSize: 30 } } }));

export const directoryEntries = (ids: string[]) =>
  unwrap(client.GET("/v1/directory", { params: { query: { ids, pageSize: 200 } } }));

export interface EmployeeQuery {
  query?: string;
  filter?: string;
  orderBy?: string;
  /** With the groups below it. */
  withinGroupId?: string;
  pageToken?: string;
  pageSize?: number;
}

export const listEmployees = (query: EmployeeQuery) =>
  unwrap(client.GET("/v1/employees", { params: { query } }));

/** With an invitation, a link by e-mail takes the place of the initial password. */
export const createEmployee = (employee: EmployeeInput, invite: boolean) =>
  unwrap(client.POST("/v1/employees", { params: { query: { invite } }, body: employee }));

export const inviteEmployee = (id: string) => unwrap(client.POST("/v1/employees/{id}:invite", { params: { path: { id } }, body: {} }));

export const getEmployeeAccess = (employeeId: string) =>
  unwrap(client.GET("/v1/employees/{employeeId}/access", { params: { path: { employeeId } } }));

/** What somebody may do with the record of an employee, and why. */
export const explainEmployeeAccess = (recordId: string, employeeId: string) =>
  unwrap(client.GET("/v1/employees/{recordId}/access:explain", { params: { path: { recordId }, query: { employeeId } } }));

export const updateEmployee = (id: string, body: EmployeePatch) =>
  unwrap(client.PATCH("/v1/employees/{id}", { params: { path: { id } }, body }));

export const revealEmployee = (id: string, reason: string) =>
  unwrap(client.POST("/v1/employees/{id}:reveal", { params: { path: { id } }, body: { reason } }));

export const disableEmployee = (id: string, etag: string) =>
  unwrap(client.POST("/v1/employees/{id}:disable", { params: { path: { id } }, body: { etag } }));

export const enableEmployee = (id: string, etag: string) =>
  unwrap(client.POST("/v1/employees/{id}:enable", { params: { path: { id } }, body: { etag } }));

export const resetEmployeePassword = (id: string) =>
  unwrap(client.POST("/v1/employees/{id}:resetPassword", { params: { path: { id } }, body: {} }));

export const resetSecondFactors = (id: string) =>
  unwrap(client.POST("/v1/employees/{id}:resetSecondFactors", { params: { path: { id } }, body: {} }));

export const deleteEmployee = (id: string, etag: string) =>
  unwrap(client.DELETE("/v1/employees/{id}", { params: { path: { id }, query: { etag } } }));

export function useGroups() {
  return useQuery({
    queryKey: ["groups"],
    queryFn: () =>
      allPages(
        (pageToken) => unwrap(client.GET("/v1/groups", { params: { query: { pageSize: 1000, pageToken } } })),
        (page) => page.groups,
      ),
    staleTime: 60_000,
  });
}

export const createGroup = (body: { name: string; parentId: string; employeeIds: string[] }) =>
  unwrap(client.POST("/v1/groups", { body }));

export const updateGroup = (id: string, body: GroupPatch) =>
  unwrap(client.PATCH("/v1/groups/{id}", { params: { path: { id } }, body }));

export const deleteGroup = (id: string, etag: string) =>
  unwrap(client.DELETE("/v1/groups/{id}", { params: { path: { id }, query: { etag } } }));

export function useRoles(enabled = true) {
  return useQuery({
    queryKey: ["roles"],
    queryFn: () =>
      allPages(
        (pageToken) => unwrap(client.GET("/v1/roles", { params: { query: { pageSize: 200, pageToken } } })),
        (page) => page.roles,
      ),
    enabled,
  });
}

export function usePermissionCatalog() {
  return useQuery({
    queryKey: ["permissionCatalog"],
    queryFn: () => unwrap(client.GET("/v1/permissionCatalog")),
    staleTime: Infinity,
  });
}

export const createRole = (role: RoleInput) => unwrap(client.POST("/v1/roles", { body: role }));

export const updateRole = (id: string, body: RolePatch) =>
  unwrap(client.PATCH("/v1/roles/{id}", { params: { path: { id } }, body }));

export const deleteRole = (id: string, etag: string) =>
  unwrap(client.DELETE("/v1/roles/{id}", { params: { path: { id }, query: { etag } } }));

/** Employees, groups and roles show each other's names and counts, so a change of one refreshes all. */
export function useOrganizationChanged() {
  const queries = useQueryClient();
  return () =>
    Promise.all(
      ["employees", "groups", "roles", "directory", "profile"].map((key) => queries.invalidateQueries({ queryKey: [key] })),
    );
}
