import { expect, test } from "vitest";
import type { CustomerOutcome } from "@/api/types";
import { refusals } from "./outcomes";

const outcome = (reason: string, message = ""): CustomerOutcome => ({ customerId: "1", reason, message });

test("refusals are counted by what they say, the most frequent first", () => {
  const outcomes = [outcome(""), outcome("CLAIM_TOO_SOON", "too soon"), outcome("ALREADY_CLAIMED", "taken"), outcome("ALREADY_CLAIMED", "taken")];
  expect(refusals(outcomes)).toEqual([
    ["taken", 2],
    ["too soon", 1],
  ]);
  expect(refusals([outcome("")])).toEqual([]);
});
