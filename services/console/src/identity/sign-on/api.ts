// Sign-in by way of a provider: the browser leaves for the provider and comes back to `/sign-on/callback`.
import { useQuery } from "@tanstack/react-query";
import { allPages } from "@/api/pages";
import { client, unwrap } from "@/api/client";

const cookieMode = { "X-Session-Mode": "cookie" };

export function useSignOnOptions() {
  return useQuery({
    queryKey: ["signOnOptions"],
    queryFn: () =>
      allPages(
        (pageToken) => unwrap(client.GET("/v1/signOnOptions", { params: { query: { pageSize: 200, pageToken } } })),
        (page) => page.options,
      ),
    staleTime: 60_000,
  });
}

export function useSignOnLinks() {
  return useQuery({
    queryKey: ["signOnLinks"],
    queryFn: () =>
      allPages(
        (pageToken) => unwrap(client.GET("/v1/profile/signOnLinks", { params: { query: { pageSize: 200, pageToken } } })),
        (page) => page.links,
      ),
  });
}

export const startSignOn = (providerId: string, returnTo: string) =>
  unwrap(client.POST("/v1/signOn:start", { body: { providerId, returnTo } }));

export const completeSignOn = (body: { state: string; code: string; browserSecret: string; device: string }) =>
  unwrap(client.POST("/v1/signOn:complete", { body, headers: cookieMode }));

export const startSignOnLink = (providerId: string, returnTo: string) =>
  unwrap(client.POST("/v1/profile/signOnLinks:start", { body: { providerId, returnTo } }));

export const completeSignOnLink = (body: { state: string; code: string; browserSecret: string }) =>
  unwrap(client.POST("/v1/profile/signOnLinks:complete", { body }));

export const deleteSignOnLink = (id: string) =>
  unwrap(client.DELETE("/v1/profile/signOnLinks/{id}", { params: { path: { id } } }));
