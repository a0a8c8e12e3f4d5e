import { describe, expect, it } from "vitest";
import { changedFields } from "./changes";

describe("changed fields", () => {
  it("are those whose values differ", () => {
    expect(changedFields({ a: "1", b: ["x"], c: { d: 1, e: 2 } }, { a: "1", b: ["x", "y"], c: { e: 2, d: 1 } })).toEqual({ b: ["x", "y"] });
  });

  it("don't include what was empty and stays empty", () => {
    expect(changedFields<{ a?: string }>({ a: "" }, { a: undefined })).toEqual({});
    expect(changedFields<{ a?: string }>({ a: "x" }, { a: "" })).toEqual({ a: "" });
  });

  it("take a list apart from its order", () => {
    expect(changedFields({ a: ["x", "y"] }, { a: ["y", "x"] })).toEqual({ a: ["y", "x"] });
  });
});
