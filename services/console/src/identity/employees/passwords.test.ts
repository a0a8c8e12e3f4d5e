import { expect, it } from "vitest";
import { passwordSheet } from "./passwords";

it("writes the passwords so that no cell is taken for a formula", () => {
  const sheet = passwordSheet(["登录名", "姓名", "初始密码"], [{ loginName: "wang", displayName: '=HYPERLINK("x")', initialPassword: "Ck-1" }]);
  expect(sheet).toBe('\uFEFF"登录名","姓名","初始密码"\r\n"wang","\'=HYPERLINK(""x"")","Ck-1"\r\n');
});
