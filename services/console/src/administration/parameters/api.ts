import { useQuery, useQueryClient } from "@tanstack/react-query";
import { allPages } from "@/api/pages";
import { client, unwrap } from "@/api/client";

export function useParameters() {
  return useQuery({
    queryKey: ["parameters"],
    queryFn: () =>
      allPages(
        (pageToken) => unwrap(client.GET("/v1/parameters", { params: { query: { pageSize: 200, pageToken } } })),
        (page) => page.parameters,
      ),
  });
}

export const updateParameter = (name: string, value: string, etag: string) =>
  unwrap(client.PATCH("/v1/parameters/{name}", { params: { path: { name } }, body: { value, etag } }));

export const resetParameter = (name: string, etag: string) =>
  unwrap(client.POST("/v1/parameters/{name}:reset", { params: { path: { name } }, body: { etag } }));

/** What everybody may know of the installation. */
export function useInstallation() {
  return useQuery({ queryKey: ["installation"], queryFn: () => unwrap(client.GET("/v1/installation")), staleTime: 300_000 });
}

/** Some parameters show elsewhere: the organisation's name, the policy of passwords. */
export function useParametersChanged() {
  const queries = useQueryClient();
  return () => Promise.all(["parameters", "installation", "passwordPolicy"].map((key) => queries.invalidateQueries({ queryKey: [key] })));
}
