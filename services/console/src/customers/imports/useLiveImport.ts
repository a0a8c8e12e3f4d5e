// The import as it is now: pushed by the server while a run is under way, asked for when the push breaks off.
import { useEffect, useState } from "react";
import { useQueryClient } from "@tanstack/react-query";
import type { Import } from "@/api/types";
import { getImport, useImport } from "./api";

const askAgainAfter = 2000;

export const isRunning = (state: Import["state"] | undefined) => state === "IMPORT_STATE_RUNNING" || state === "IMPORT_STATE_UNDOING";

export function useLiveImport(id: string) {
  const queries = useQueryClient();
  const query = useImport(id);
  const [broken, setBroken] = useState(false);
  const running = isRunning(query.data?.state);

  useEffect(() => {
    if (!running || broken) return;
    const source = new EventSource(`/v1/imports/${id}:watch`);
    source.onmessage = (event: MessageEvent<string>) => queries.setQueryData(["import", id], JSON.parse(event.data) as Import);
    source.addEventListener("end", () => {
      source.close();
      void queries.invalidateQueries({ queryKey: ["import", id] });
    });
    // Also how a stream ends that was refused; asking settles either case and refreshes the session on the way.
    source.onerror = () => {
      source.close();
      setBroken(true);
    };
    return () => source.close();
  }, [id, running, broken, queries]);

  useEffect(() => {
    if (!running || !broken) return;
    const timer = setInterval(() => {
      void getImport(id).then((latest) => queries.setQueryData(["import", id], latest), () => undefined);
    }, askAgainAfter);
    return () => clearInterval(timer);
  }, [id, running, broken, queries]);

  return query;
}
