import { describe, expect, it } from "vitest";
import { addressOf, filterOf, searchFromAddress, type AuditSearch } from "./filter";

const day = (text: string, plusDays: number) => `${text}+${plusDays}`;
const filter = (search: Partial<AuditSearch>) => filterOf({ actions: [], ...search }, day);

describe("the search of the audit trail", () => {
  it("becomes a filter of what was asked for and nothing else", () => {
    expect(filter({})).toBe("");
    expect(filter({ actorId: "a-1", actions: ["customer.updated"] })).toBe('actor_id = "a-1" AND action = "customer.updated"');
    expect(filter({ actions: ["role.*", "group.moved"] })).toBe('(action = "role.*" OR action = "group.moved")');
    expect(filter({ actorKind: "ACTOR_KIND_UNSPECIFIED" })).toBe("actor_kind = ACTOR_KIND_UNSPECIFIED");
    expect(filter({ recordId: "r" })).toBe('(record_id = "r" OR subject_id = "r")');
  });

  it("takes the last day as a whole", () => {
    expect(filter({ from: "2026-01-01", to: "2026-01-31" })).toBe('time >= "2026-01-01+0" AND time < "2026-01-31+1"');
  });

  it("can't be broken out of", () => {
    expect(filter({ recordId: 'x" OR id != "\\*' })).toContain('record_id = "x\\" OR id != \\"\\\\\\*"');
  });

  it("survives the address of the page", () => {
    const search: AuditSearch = { service: "customers", actorKind: "ACTOR_KIND_SERVICE_ACCOUNT", actorId: "a", actions: ["customer.*", "contact.created"], recordId: "r", address: "10.0.*", from: "2026-01-01", to: "2026-01-02" };
    expect(searchFromAddress(addressOf(search))).toEqual(search);
    expect(searchFromAddress(new URLSearchParams("service=nothing"))).toEqual({ actions: [] });
  });
});
