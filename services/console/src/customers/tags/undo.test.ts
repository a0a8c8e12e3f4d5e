import { describe, expect, it } from "vitest";
import { undoing } from "./undo";

describe("taking a change of tags back", () => {
  it("does the opposite, in one call for those to which the same happened", () => {
    const parts = undoing([
      { customerId: "a", addedTags: ["x", "y"], removedTags: ["z"] },
      { customerId: "b", addedTags: ["y", "x"], removedTags: ["z"] },
      { customerId: "c", addedTags: ["x"], removedTags: [] },
      { customerId: "d", addedTags: [], removedTags: [] },
    ]);
    expect(parts).toEqual([
      { ids: ["a", "b"], change: { addTags: ["z"], removeTags: ["x", "y"] } },
      { ids: ["c"], change: { addTags: [], removeTags: ["x"] } },
    ]);
  });
});
