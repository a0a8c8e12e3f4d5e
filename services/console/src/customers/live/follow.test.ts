import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { followCustomers } from "./follow";

class Source extends EventTarget {
  static opened: Source[] = [];
  closed = false;
  onmessage?: (event: MessageEvent<string>) => void;
  onerror?: () => void;
  constructor(readonly url: string) {
    super();
    Source.opened.push(this);
  }
  close() {
    this.closed = true;
  }
  tell(update: unknown) {
    this.onmessage?.(new MessageEvent("message", { data: JSON.stringify(update) }));
  }
  end(status: number) {
    this.dispatchEvent(new MessageEvent("problem", { data: JSON.stringify({ status }) }));
  }
}

let hidden = false;
const show = (shown: boolean) => {
  hidden = !shown;
  document.dispatchEvent(new Event("visibilitychange"));
};
const open = () => Source.opened.filter((source) => !source.closed);

function follow(filter = "") {
  const listener = { onBegin: vi.fn(), onUpdate: vi.fn() };
  const settle = vi.fn(() => Promise.resolve());
  return { ...listener, settle, stop: followCustomers(filter, listener, settle) };
}

describe("the stream of customers", () => {
  beforeEach(() => {
    Source.opened = [];
    hidden = false;
    vi.useFakeTimers();
    vi.stubGlobal("EventSource", Source);
    vi.spyOn(document, "hidden", "get").mockImplementation(() => hidden);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  it("says when it begins and then what changes", () => {
    const { onBegin, onUpdate, stop } = follow('level = "vip"');
    expect(open().map(({ url }) => url)).toEqual(["/v1/customers:watch?filter=level+%3D+%22vip%22"]);
    open()[0]?.tell({ resync: true });
    expect([onBegin.mock.calls.length, onUpdate.mock.calls.length]).toEqual([1, 0]);
    open()[0]?.tell({ removedId: "1" });
    open()[0]?.tell({ resync: true });
    expect(onUpdate.mock.calls).toEqual([[{ removedId: "1" }], [{ resync: true }]]);
    stop();
    expect(open()).toEqual([]);
  });

  it("is opened again with growing pauses, by a session that was looked after", async () => {
    const { settle, onBegin, stop } = follow();
    open()[0]?.end(401);
    expect(open()).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([settle.mock.calls.length, open().length]).toEqual([1, 1]);
    for (let failure = 0; failure < 10; failure += 1) {
      open()[0]?.onerror?.();
      await vi.advanceTimersByTimeAsync(60_000);
    }
    const tries = Source.opened.length;
    open()[0]?.onerror?.();
    await vi.advanceTimersByTimeAsync(29_000);
    expect(Source.opened).toHaveLength(tries);
    await vi.advanceTimersByTimeAsync(31_000);
    expect(Source.opened).toHaveLength(tries + 1);
    open()[0]?.tell({ resync: true });
    expect(onBegin).toHaveBeenCalledOnce();
    open()[0]?.onerror?.();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(Source.opened).toHaveLength(tries + 2);
    stop();
  });

  it("rests while nobody looks", async () => {
    const { stop } = follow();
    show(false);
    expect(open()).toEqual([]);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(Source.opened).toHaveLength(1);
    show(true);
    expect(open()).toHaveLength(1);
    stop();
    show(true);
    expect(open()).toEqual([]);
  });

  it("is not asked for again by whoever may not read", async () => {
    const { settle } = follow();
    open()[0]?.end(403);
    await vi.advanceTimersByTimeAsync(600_000);
    show(true);
    expect([Source.opened.length, settle.mock.calls.length]).toEqual([1, 0]);
  });
});
