import { describe, expect, it } from "vitest";
import { beginningOf, codeOfBeginning, indexEntries } from "./entries";

const entry = (code: string, parentCode = "") => ({ code, parentCode, nameZh: code, nameEn: "", position: 0, retired: false, color: "", etag: "" });

describe("a branch of the regions", () => {
  const index = indexEntries([entry("330000"), entry("330100", "330000"), entry("330106", "330100"), entry("north")].map((item) => ({ ...item, dictionary: "region" }) as never));

  it.each([
    ["330000", "33"],
    ["330100", "3301"],
    ["330106", "330106"],
    ["north", "north"],
  ])("%s holds what begins with %s", (code, beginning) => {
    expect(beginningOf(code)).toBe(beginning);
    expect(codeOfBeginning(index, beginning)).toBe(code);
  });

  it("is nameless when no entry begins so", () => {
    expect(codeOfBeginning(index, "44")).toBe("44");
  });
});
