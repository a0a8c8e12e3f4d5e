// The browser's side of `WatchCustomers`: one stream while the page is in view, opened anew with growing pauses.
import type { CustomerUpdate } from "@/api/types";

export interface Listener {
  /** The stream is on: what is loaded from here on misses nothing. */
  onBegin: () => void;
  onUpdate: (update: CustomerUpdate) => void;
}

const firstPause = 1_000;
const mostPause = 60_000;
const forbidden = 403;

/** Follows until the answer is called. `settle` makes any call, which refreshes the session where it has run out. */
export function followCustomers(filter: string, listener: Listener, settle: () => Promise<unknown>): () => void {
  const address = `/v1/customers:watch?${new URLSearchParams({ filter }).toString()}`;
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let over = false;

  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = undefined;
  };
  const open = () => {
    close();
    if (over || document.hidden) return;
    let begun = false;
    source = new EventSource(address);
    source.onmessage = (event: MessageEvent<string>) => {
      failures = 0;
      if (begun) return listener.onUpdate(JSON.parse(event.data) as CustomerUpdate);
      begun = true;
      listener.onBegin();
    };
    source.addEventListener("problem", (event: MessageEvent<string>) => {
      const { status } = JSON.parse(event.data) as { status?: number };
      if (status === forbidden) end();
      else again();
    });
    source.onerror = again;
  };
  const again = () => {
    close();
    // Not all at once, when the server comes back.
    const pause = Math.min(firstPause * 2 ** failures, mostPause) * (0.5 + Math.random() / 2);
    failures += 1;
    timer = setTimeout(() => void settle().then(open, open), pause);
  };
  const look = () => {
    failures = 0;
    if (document.hidden) close();
    else open();
  };
  const end = () => {
    over = true;
    close();
    document.removeEventListener("visibilitychange", look);
  };
  document.addEventListener("visibilitychange", look);
  open();
  return end;
}
