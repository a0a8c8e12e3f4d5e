import { describe, expect, it } from "vitest";
import type { AuditEntry } from "@/api/types";
import type { Service } from "../services";
import { nextPage, start, type Cursor } from "./merge";

const entry = (second: number) => ({ id: String(second).padStart(4, "0"), time: new Date(second * 1000).toISOString() }) as AuditEntry;

/** Services as lists of pages, each a list of seconds; a failure stands for a service that doesn't answer. */
function trails(pages: Partial<Record<Service, number[][] | "fails">>) {
  return (service: Service, token: string | undefined) => {
    const list = pages[service];
    if (list === "fails") return Promise.reject(new Error(`${service} is down`));
    const place = Number(token ?? 0);
    return Promise.resolve({
      entries: (list?.[place] ?? []).map(entry),
      nextPageToken: list && place + 1 < list.length ? String(place + 1) : "",
    });
  };
}

async function readAll(services: Service[], load: ReturnType<typeof trails>) {
  const seen: number[] = [];
  const failed: Service[] = [];
  let cursor: Cursor | undefined = start(services);
  while (cursor) {
    const page = await nextPage(cursor, load);
    seen.push(...page.entries.map(({ id }) => Number(id)));
    failed.push(...page.failed);
    cursor = page.next;
  }
  return { seen, failed };
}

describe("the trails of several services", () => {
  it("come as one, latest first, whatever the pages", async () => {
    const load = trails({ identity: [[90, 80], [20, 10]], customers: [[85, 84, 83], [82, 15], [5]], reporting: [[50]] });
    const { seen } = await readAll(["identity", "customers", "reporting"], load);
    expect(seen).toEqual([90, 85, 84, 83, 82, 80, 50, 20, 15, 10, 5]);
  });

  it("hold an entry back while another service may have a later one", async () => {
    const load = trails({ identity: [[90], [70]], customers: [[80]] });
    const first = await nextPage(start(["identity", "customers"]), load);
    expect(first.entries.map(({ id }) => Number(id))).toEqual([90]);
    expect(first.next).toBeDefined();
  });

  it("are shown without a service that fails, and say which", async () => {
    const load = trails({ identity: [[3, 1]], customers: "fails" });
    expect(await readAll(["identity", "customers"], load)).toEqual({ seen: [3, 1], failed: ["customers"] });
  });

  it("fail when no service answers", async () => {
    await expect(nextPage(start(["identity"]), trails({ identity: "fails" }))).rejects.toThrow("identity is down");
  });

  it("end at once when there is nothing", async () => {
    expect(await readAll(["identity", "reporting"], trails({}))).toEqual({ seen: [], failed: [] });
  });
});
