import { describe, expect, it } from "vitest";
import type { Group } from "@/api/types";
import { ancestorsOf, firstOpen, groupTree, matching, withDescendants } from "./tree";

const group = (id: string, parentId: string, memberCount: number) =>
  ({ id, name: id, parentId, memberCount, memberNames: [], depth: 0, etag: "" }) as unknown as Group;

const groups = [group("root", "", 1), group("east", "root", 2), group("hangzhou", "east", 3), group("west", "root", 4)];

describe("group tree", () => {
  it("hangs children on their parents and adds up the members below", () => {
    const [root] = groupTree(groups);
    expect(root?.total).toBe(10);
    expect(root?.children.map((child) => [child.group.id, child.total])).toEqual([
      ["east", 5],
      ["west", 4],
    ]);
  });

  it("starts at the top of what the caller may see", () => {
    expect(groupTree(groups.slice(1)).map((node) => node.group.id)).toEqual(["east", "west"]);
  });

  it("knows where a group can't go", () => {
    expect([...withDescendants(groups, "east")]).toEqual(["east", "hangzhou"]);
  });

  it("opens as many whole levels as can be read at once", () => {
    expect([...firstOpen(groupTree(groups))]).toEqual(["root", "east", "west", "hangzhou"]);
    const many = [group("root", "", 0), ...Array.from({ length: 20 }, (_, number) => group(`a${number}`, "root", 0))];
    const more = Array.from({ length: 30 }, (_, number) => group(`b${number}`, "a0", 0));
    expect([...firstOpen(groupTree([...many, ...more]))]).toEqual(["root"]);
  });

  it("finds a group by its name, and what leads there", () => {
    const roots = groupTree(groups);
    expect(matching(roots, "HANG").map((node) => node.group.id)).toEqual(["hangzhou"]);
    expect(matching(roots, " ")).toEqual([]);
    expect(ancestorsOf(roots, "hangzhou")).toEqual(["root", "east"]);
    expect(ancestorsOf(roots, "root")).toEqual([]);
    expect(ancestorsOf(roots, "nowhere")).toEqual([]);
  });
});
