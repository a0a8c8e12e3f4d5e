import i18n from "i18next";
import { beforeAll, describe, expect, it } from "vitest";
import type { Parameter } from "@/api/types";
import { grouped, valueText } from "./values";

const parameter = (name: string, type: Parameter["type"] = "PARAMETER_TYPE_INTEGER") => ({ name, type }) as Parameter;
const text = (name: string, value: string, type?: Parameter["type"]) => valueText(i18n.t, parameter(name, type), value);

describe("a parameter", () => {
  beforeAll(() => i18n.changeLanguage("en"));

  it("is read as people read it", () => {
    expect(text("session.idle_seconds", "1209600")).toBe("14 days");
    expect(text("session.idle_seconds", "3600")).toBe("1 hour");
    expect(text("sign_in.lock_out_seconds", "90")).toBe("90 seconds");
    expect(text("sign_in.lock_out_seconds", "0")).toBe("0 seconds");
    expect(text("audit.retention_days", "0")).toBe("0");
    expect(text("password.refuse_common", "true", "PARAMETER_TYPE_BOOLEAN")).toBe("Yes");
    expect(text("organization.default_locale", "zh-CN", "PARAMETER_TYPE_CHOICE")).toBe("简体中文");
    expect(text("organization.name", "", "PARAMETER_TYPE_TEXT")).toBe("Not set");
  });

  it("stands in its group, and unknown ones at the end", () => {
    const groups = grouped(["session.a", "organization.name", "new_thing.b", "organization.c"].map((name) => parameter(name)));
    expect(groups.map(([group, list]) => [group, list.map(({ name }) => name)])).toEqual([
      ["organization", ["organization.name", "organization.c"]],
      ["session", ["session.a"]],
      ["other", ["new_thing.b"]],
    ]);
  });
});
