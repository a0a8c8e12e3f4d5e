import { describe, expect, it } from "vitest";
import { deviceName, deviceToken, keepDeviceToken } from "./device";
import { checkPassword, strength } from "./policy";
import { safeNext } from "./session";

describe("where a sign-in returns to", () => {
  it("is always inside the console", () => {
    expect(safeNext("/customers?q=zs")).toBe("/customers?q=zs");
    for (const elsewhere of [null, "", "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/sign-in", "/sign-in?next=/", "/\t/evil.example", "/\n/evil.example", "/x\\y"]) {
      expect(safeNext(elsewhere)).toBe("/");
    }
  });
});

describe("a device's name", () => {
  it("says browser and system", () => {
    expect(deviceName("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36")).toBe("Chrome · Windows");
    expect(deviceName("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0")).toBe("Edge · Windows");
    expect(deviceName("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile Safari/604")).toBe("Safari · iOS");
    expect(deviceName("curl/8")).toBe("curl/8");
  });
});

describe("a device's token", () => {
  it("is kept for each account that signed in here, the latest ten", () => {
    keepDeviceToken("ZhangSan", "a");
    expect(deviceToken("zhangsan")).toBe("a");
    keepDeviceToken("zhangsan", "");
    expect(deviceToken("zhangsan")).toBe("a");
    for (let number = 0; number < 10; number += 1) keepDeviceToken(`other${number}`, "b");
    expect(deviceToken("zhangsan")).toBe("");
    expect(deviceToken("other0")).toBe("b");
  });
});

describe("the password policy", () => {
  const policy = { minLength: 10, minCharacterKinds: 3, refusesCommon: true, remembered: 5 };
  it("is checked while typing", () => {
    expect(checkPassword("short1A", policy, "zhangsan")).toEqual({ longEnough: false, enoughKinds: true, withoutLoginName: true });
    expect(checkPassword("ZhangSan-2026", policy, "zhangsan").withoutLoginName).toBe(false);
    expect(checkPassword("密码密码密码密码密码aA", policy, "x")).toEqual({ longEnough: true, enoughKinds: true, withoutLoginName: true });
  });

  it("rates variety higher than repetition", () => {
    expect(strength("aaaaaaaaaaaa")).toBeLessThan(strength("Tr0ub4dor&3x"));
    expect(strength("")).toBe(0);
  });
});
