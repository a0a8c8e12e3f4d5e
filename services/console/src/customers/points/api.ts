import { useQuery } from "@tanstack/react-query";
import { client, unwrap } from "@/api/client";

const path = (customerId: string) => ({ params: { path: { customerId } } });

export function usePointAccount(customerId: string) {
  return useQuery({ queryKey: ["points", customerId], queryFn: () => unwrap(client.GET("/v1/customers/{customerId}/points", path(customerId))) });
}

export const listPointEntries = (customerId: string, pageToken?: string) =>
  unwrap(client.GET("/v1/customers/{customerId}/pointEntries", { params: { path: { customerId }, query: { pageToken, pageSize: 10 } } }));

export const adjustPoints = (customerId: string, amount: number, reason: string) =>
  unwrap(client.POST("/v1/customers/{customerId}/points:adjust", { ...path(customerId), body: { amount: String(amount), reason } }));

export const reversePoints = (customerId: string, id: string, reason: string) =>
  unwrap(client.POST("/v1/customers/{customerId}/pointEntries/{id}:reverse", { params: { path: { customerId, id } }, body: { reason } }));
