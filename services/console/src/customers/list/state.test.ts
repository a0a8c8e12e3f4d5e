import { describe, expect, it } from "vitest";
import type { View } from "@/api/types";
import { readState, writeState } from "./state";

const view = { id: "v1", name: "VIP", filter: 'level = "vip"', orderBy: "name", columns: [] } as unknown as View;

describe("the list's address", () => {
  it("takes filter and order of the view, unless it has its own", () => {
    expect(readState(new URLSearchParams("view=v1"), [view])).toMatchObject({ filter: 'level = "vip"', orderBy: "name" });
    expect(readState(new URLSearchParams("view=v1&filter="), [view]).filter).toBe("");
    expect(readState(new URLSearchParams("filter=a%3D1"), [view]).filter).toBe("a=1");
  });

  it("leaves out what the view says already", () => {
    const search = writeState(new URLSearchParams("view=v1"), { filter: "kind = PERSON" }, view);
    expect(search.get("filter")).toBe("kind = PERSON");
    expect(writeState(search, { filter: view.filter }, view).has("filter")).toBe(false);
  });

  it("keeps the layout of a view, or another that is tried", () => {
    const board = { ...view, layout: "VIEW_LAYOUT_BOARD", layoutField: "level" } as View;
    expect(readState(new URLSearchParams("view=v1"), [board])).toMatchObject({ layout: "board", by: "level" });
    expect(readState(new URLSearchParams("view=v1&layout=table"), [board]).layout).toBe("table");
    expect(readState(new URLSearchParams("layout=cube"), undefined)).toMatchObject({ layout: "table", by: "" });
    const search = writeState(new URLSearchParams("view=v1"), { layout: "calendar", by: "birthday" }, board);
    expect(search.toString()).toBe("view=v1&layout=calendar&by=birthday");
    expect(writeState(search, { layout: "board", by: "level" }, board).toString()).toBe("view=v1");
  });

  it("starts afresh with another view", () => {
    const search = writeState(new URLSearchParams("filter=a&order=b&q=c"), { viewId: "v1" }, undefined);
    expect(search.toString()).toBe("view=v1");
  });
});
