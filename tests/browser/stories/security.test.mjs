import assert from "node:assert/strict";
import { test } from "node:test";
import { enter, fillSignIn, openAs, openPage, pick, picture, signOut } from "../support/browser.mjs";
import { someone } from "../support/product.mjs";
import { totp } from "../support/totp.mjs";

test("an authenticator app is set up and asked for at the next sign-in; a recovery code opens once", async (story) => {
  const person = someone("service_supervisor");
  const page = await openPage(story);
  await enter(page, person, "/profile?tab=security");
  await page.getByTestId("add-totp").click();
  const secret = await page.getByTestId("totp-secret").innerText();
  await page.locator(".ant-modal .ant-otp input").first().click();
  await page.keyboard.type(totp(secret));
  await picture(page, "totp");
  await page.getByRole("dialog").getByRole("button", { name: "完成" }).click();
  const listed = page.getByTestId("recovery-codes").locator("li");
  await listed.nth(9).waitFor();
  const codes = await listed.allInnerTexts();
  await picture(page, "recovery-codes");
  await page.getByTestId("recovery-saved").click();
  await page.getByTestId("second-factors").getByText("已开启").waitFor();

  await signOut(page);
  await fillSignIn(page, person.loginName, person.password);
  await page.getByTestId("second-factor").waitFor();
  await page.keyboard.type("000000");
  await page.getByTestId("proof-wrong").waitFor();
  await picture(page, "second-factor");
  await page.getByTestId("second-factor").getByText("恢复代码").click();
  await page.locator("#secret").fill(codes[0]);
  await page.getByTestId("prove").click();
  await page.getByTestId("menu").waitFor();

  await signOut(page);
  await fillSignIn(page, person.loginName, person.password);
  await page.getByTestId("second-factor").getByText("恢复代码").click();
  await page.locator("#secret").fill(codes[0]);
  await page.getByTestId("prove").click();
  await page.getByTestId("proof-wrong").waitFor();
});

test("a dangerous act waits for a fresh proof and goes on after it", async (story) => {
  const page = await openAs(story, "administrator", "/employees");
  const administrator = someone("administrator");
  // As the service answers ten minutes after the sign-in.
  let refused = false;
  await page.route("**/v1/employees/*:resetPassword", async (route) => {
    if (refused) return route.continue();
    refused = true;
    await route.fulfill({ status: 403, contentType: "application/problem+json", body: JSON.stringify({ title: "", reason: "STEP_UP_REQUIRED" }) });
  });
  const row = page.getByTestId("employees").locator("tbody tr.ant-table-row", { hasText: "seller10" });
  await pick(page, row.getByRole("button", { name: /的操作/ }), "重置密码");
  await page.getByRole("dialog").getByRole("button", { name: "重置密码" }).click();
  await page.getByTestId("step-up").waitFor();
  await picture(page, "step-up");
  await page.locator("#secret").fill("not-the-password-1");
  await page.getByTestId("prove").click();
  await page.getByTestId("proof-wrong").waitFor();
  await page.locator("#secret").fill(administrator.password);
  await page.getByTestId("prove").click();
  assert.match(await page.getByTestId("initial-password").innerText(), /\S+/);
});

test("a link that isn't valid leads to another one, and the answer tells no stranger who has an account", async (story) => {
  const page = await openPage(story);
  await page.goto("/set-password#made-up");
  await page.locator("#newPassword").fill("Lantern-7-riverbank");
  await page.locator("#repeated").fill("Lantern-7-riverbank");
  await page.getByTestId("set-password").click();
  await page.getByTestId("link-invalid").waitFor();
  await picture(page, "link-invalid");
  await page.getByRole("button", { name: "重新获取链接" }).click();
  await page.waitForURL("**/forgot-password");
  await page.locator("#loginName").fill("nobody.of.this.name");
  await page.getByTestId("request-reset").click();
  await page.getByTestId("reset-requested").waitFor();
});

test("what a person may do is explained by their roles", async (story) => {
  const page = await openAs(story, "administrator", "/employees");
  const row = page.getByTestId("employees").locator("tbody tr.ant-table-row", { hasText: "manager" });
  await pick(page, row.getByRole("button", { name: /的操作/ }), "查看权限");
  const drawer = page.getByRole("dialog");
  await drawer.getByText("查看客户", { exact: true }).waitFor();
  await drawer.getByText("经理").first().waitFor();
  await picture(page, "employee-access");
});
