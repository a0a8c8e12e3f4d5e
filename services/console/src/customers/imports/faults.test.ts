import { describe, expect, it } from "vitest";
import type { ImportRowError } from "@/api/types";
import { faultyFirst } from "./faults";

const columns = ["name", "phone", "email", ""].map((header) => ({ header, field: "" }));
const row = (...headers: string[]) => ({ errors: headers.map((header) => ({ header, code: "VALUE_INVALID" })) }) as unknown as ImportRowError;

describe("the columns of faulty rows", () => {
  it("stand as in the file while none is at fault", () => {
    expect(faultyFirst(columns, [row()]).map(({ place }) => place)).toEqual([0, 1, 2, 3]);
  });

  it("begin with those at fault, in the file's order, each with its place", () => {
    expect(faultyFirst(columns, [row("email"), row("phone")])).toEqual([
      { header: "phone", place: 1 },
      { header: "email", place: 2 },
      { header: "name", place: 0 },
      { header: "", place: 3 },
    ]);
  });

  it("are not at fault when the whole row is", () => {
    expect(faultyFirst(columns, [row("")]).map(({ place }) => place)).toEqual([0, 1, 2, 3]);
  });
});
