import { describe, expect, it } from "vitest";
import type { Group } from "@/api/types";
import { groupTree, withDescendants } from "./tree";

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
});
