// Personal data in clear for one look: kept beside the record and dropped with it.
import { useState } from "react";

/** The record as it was revealed, until it changes: what came later was never revealed. */
export function useRevealed<T extends { id: string; etag: string }>(record: T, reveal: (id: string, reason: string) => Promise<T>) {
  const [clear, setClear] = useState<T>();
  const counts = clear?.id === record.id && clear.etag === record.etag;
  return {
    shown: counts ? clear : record,
    revealed: counts,
    reveal: async (reason: string) => setClear(await reveal(record.id, reason)),
    hide: () => setClear(undefined),
  };
}
