import { describe, expect, it } from "vitest";
import type { AttachmentLimits } from "@/api/types";
import { acceptOf, lengthText, refusalOf, sizeText, soundEndings } from "./files";

const limits: AttachmentLimits = { closed: false, maxSize: "1048576", maxCount: 10, endings: ["png", "pdf", "mp3"] };

describe("a file", () => {
  it("is refused before it is sent where its name or size tells", () => {
    expect(refusalOf({ name: "a.PNG", size: 1048576 }, limits)).toBeUndefined();
    expect(refusalOf({ name: "a.png", size: 1048577 }, limits)).toEqual({ reason: "tooLarge", size: "1 MB" });
    expect(refusalOf({ name: "a.tar.zip", size: 1 }, limits)).toEqual({ reason: "wrongType", ending: "zip" });
    expect(refusalOf({ name: "README", size: 1 }, limits)).toEqual({ reason: "noEnding" });
    expect(refusalOf({ name: "a.png", size: 0 }, limits)).toEqual({ reason: "emptyFile" });
    expect(refusalOf({ name: "a.exe", size: 1 }, undefined)).toBeUndefined();
  });

  it("has a size and a length that people read", () => {
    expect([0, 1023, 1536, 10 * 1024 * 1024, 3.5 * 1024 ** 3].map(sizeText)).toEqual(["0 B", "1023 B", "1.5 KB", "10 MB", "3.5 GB"]);
    expect([5, 65, 3723].map(lengthText)).toEqual(["0:05", "1:05", "1:02:03"]);
    expect(acceptOf(soundEndings(limits))).toBe(".mp3");
  });
});
