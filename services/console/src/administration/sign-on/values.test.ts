import { describe, expect, it } from "vitest";
import { blank, providerChanges } from "./values";

describe("the form of a provider", () => {
  it("sends what was changed and leaves a secret that wasn't typed alone", () => {
    expect(providerChanges(blank, { ...blank, name: "Keycloak", roleMappings: [{ providerGroup: "sales", roleId: "r" }] }, false)).toEqual({
      name: "Keycloak",
      roleMappings: [{ providerGroup: "sales", roleId: "r" }],
    });
    expect(providerChanges(blank, blank, false)).toEqual({});
  });

  it("sets a secret that was typed and removes one only when asked to", () => {
    expect(providerChanges(blank, { ...blank, clientSecret: "s" }, true)).toEqual({ clientSecret: "s" });
    expect(providerChanges(blank, blank, true)).toEqual({ clientSecret: "" });
  });
});
