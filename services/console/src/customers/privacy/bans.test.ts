import { describe, expect, it } from "vitest";
import type { ContactBan } from "@/api/types";
import { forbidden } from "./bans";

const ban = (over: Partial<ContactBan>) => ({ id: "b", contactId: "", channel: "CONTACT_CHANNEL_UNSPECIFIED", active: true, ...over }) as ContactBan;

describe("do-not-contact", () => {
  it("holds for its channel, or for all", () => {
    expect(forbidden([ban({})], "INTERACTION_TYPE_CALL", [])).toBeDefined();
    const calls = [ban({ channel: "CONTACT_CHANNEL_CALL" })];
    expect(forbidden(calls, "INTERACTION_TYPE_CALL", [])).toBeDefined();
    expect(forbidden(calls, "INTERACTION_TYPE_EMAIL", [])).toBeUndefined();
    expect(forbidden([ban({})], "INTERACTION_TYPE_MEETING", [])).toBeUndefined();
  });

  it("of a contact holds for whoever turns to the contact", () => {
    const bans = [ban({ contactId: "k1" })];
    expect(forbidden(bans, "INTERACTION_TYPE_CALL", ["k2"])).toBeUndefined();
    expect(forbidden(bans, "INTERACTION_TYPE_CALL", ["k1", "k2"])).toBeDefined();
  });

  it("that is over forbids nothing", () => {
    expect(forbidden([ban({ active: false })], "INTERACTION_TYPE_CALL", [])).toBeUndefined();
  });
});
