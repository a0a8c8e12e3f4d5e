import assert from "node:assert/strict";
import { test } from "node:test";
import { plugIn } from "../support/authenticator.mjs";
import { enter, fillSignIn, openAs, openPage, picture, signOut, stamp, whoIsHere } from "../support/browser.mjs";
import { call, hire, presetRole } from "../support/calls.mjs";
import { namedUrl } from "../support/product.mjs";
import { totp } from "../support/totp.mjs";

async function addPasskey(page, name) {
  await page.getByTestId("add-passkey").click();
  const dialog = page.getByRole("dialog").filter({ hasText: "通行密钥保存在" });
  await dialog.getByLabel("名称").fill(name);
  await dialog.getByRole("button", { name: "创建" }).click();
  return dialog;
}

/** As the service answers a call ten minutes after the last proof; only the first one is refused. */
async function asIfLongAgo(page, path) {
  let refused = false;
  await page.route(path, async (route) => {
    if (refused || route.request().method() === "GET") return route.continue();
    refused = true;
    await route.fulfill({ status: 403, contentType: "application/problem+json", body: JSON.stringify({ title: "", reason: "STEP_UP_REQUIRED" }) });
  });
}

const confirm = (page) => page.locator(".ant-popconfirm:visible").getByRole("button").last().click();

test("a passkey opens the door without a password, proves who one is, is renamed and removed", async (story) => {
  const admin = await openAs(story, "administrator");
  const person = await hire(admin, { displayName: "金钥", roleIds: [await presetRole(admin, "salesperson")] });
  const page = await openPage(story, { origin: namedUrl });
  const device = await plugIn(page);
  await enter(page, person, "/profile?tab=security");
  const factors = page.getByTestId("second-factors");
  await addPasskey(page, "我的电脑");
  await page.getByTestId("recovery-codes").locator("li").nth(9).waitFor();
  await page.getByTestId("recovery-saved").click();
  await factors.getByText("已开启").waitFor();
  await factors.getByText("我的电脑").waitFor();
  const [passkey] = await device.passkeys();
  assert.deepEqual([passkey.rpId, passkey.isResidentCredential], ["localhost", true]);
  await picture(page, "passkey");

  const again = await addPasskey(page, "再来一个");
  await again.getByText("此设备已为您的账号创建过通行密钥").waitFor();
  await again.getByRole("button", { name: "取消" }).click();

  await signOut(page);
  await page.getByTestId("passkey-sign-in").click();
  await whoIsHere(page, "金钥");

  // After a password, it is the second step.
  await signOut(page);
  await fillSignIn(page, person.loginName, person.password);
  await page.getByTestId("second-factor").getByTestId("prove-passkey").click();
  await whoIsHere(page, "金钥");

  await page.goto("/profile?tab=security");
  await factors.getByRole("button", { name: "重命名" }).click();
  await factors.getByRole("textbox").fill("办公室电脑");
  await page.keyboard.press("Enter");
  await factors.getByText("办公室电脑").waitFor();
  await page.reload();
  await factors.getByText("办公室电脑").waitFor();

  await asIfLongAgo(page, "**/v1/credentials/*");
  await factors.getByRole("button", { name: "移除" }).click();
  await page.getByText("这是最后一个，移除后二次验证随之关闭").waitFor();
  await confirm(page);
  const question = page.getByRole("dialog").filter({ has: page.getByTestId("step-up") });
  await question.getByText("通行密钥", { exact: true }).click();
  await picture(page, "step-up-passkey");
  await question.getByTestId("prove-passkey").click();
  await factors.getByText("未开启").waitFor();

  // What the device still keeps opens nothing any more.
  await signOut(page);
  await page.getByTestId("passkey-sign-in").click();
  await page.getByTestId("sign-in-failed").waitFor();
});

test("somebody whose role demands a second factor sets one up before anything else and always keeps one", async (story) => {
  const admin = await openAs(story, "administrator");
  const grants = [{ permission: "PERMISSION_CUSTOMERS_READ", scope: "SCOPE_ALL" }];
  const role = await call(admin, "POST", "/v1/roles", { name: `须二次验证 ${stamp()}`, grants, secondFactorRequired: true });
  const person = await hire(admin, { displayName: "严谨", roleIds: [role.id] });
  const page = await openPage(story, { origin: namedUrl });
  await plugIn(page);
  await enter(page, person, "/customers");
  await page.waitForURL("**/set-up-second-factor?**");
  await page.getByTestId("set-up-factor").waitFor();
  await picture(page, "set-up-factor");
  // No way round: every other screen leads back here, and the services answer nothing.
  await page.goto("/customers");
  await page.waitForURL("**/set-up-second-factor?**");
  assert.equal(await page.evaluate(async () => (await fetch("/v1/customers")).status), 403);

  await addPasskey(page, "唯一的通行密钥");
  await page.getByTestId("recovery-saved").click();
  await page.waitForURL("**/customers");
  await page.getByTestId("customers").waitFor();

  await page.goto("/profile?tab=security");
  const factors = page.getByTestId("second-factors");
  await factors.getByText("您的角色要求登录时完成二次验证").waitFor();
  const remove = factors.getByRole("listitem").filter({ hasText: "唯一的通行密钥" }).getByRole("button", { name: "移除" });
  assert.ok(await remove.isDisabled());
  await factors.getByText("请先添加另一种方式").waitFor();
  await picture(page, "last-factor");

  await page.getByTestId("add-totp").click();
  const secret = await page.getByTestId("totp-secret").innerText();
  await page.locator(".ant-modal .ant-otp input").first().click();
  await page.keyboard.type(totp(secret));
  await page.getByRole("dialog").getByRole("button", { name: "完成" }).click();
  await factors.getByRole("listitem").nth(1).waitFor();
  await remove.click();
  await confirm(page);
  await factors.getByText("唯一的通行密钥").waitFor({ state: "detached" });
  await factors.getByText("已开启").waitFor();
});
