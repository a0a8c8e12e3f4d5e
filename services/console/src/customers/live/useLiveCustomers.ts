import { useEffect, useEffectEvent } from "react";
import { client, unwrap } from "@/api/client";
import { followCustomers, type Listener } from "./follow";

/** Hears of customers that match a filter as they change; of none without one. */
export function useLiveCustomers(filter: string | undefined, listener: Listener) {
  const onBegin = useEffectEvent(() => listener.onBegin());
  const onUpdate = useEffectEvent((update: Parameters<Listener["onUpdate"]>[0]) => listener.onUpdate(update));
  useEffect(() => {
    if (filter === undefined) return;
    const told = { onBegin: () => onBegin(), onUpdate: (update: Parameters<Listener["onUpdate"]>[0]) => onUpdate(update) };
    return followCustomers(filter, told, () => unwrap(client.GET("/v1/profile")));
  }, [filter]);
}
