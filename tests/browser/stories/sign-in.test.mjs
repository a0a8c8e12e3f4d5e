import assert from "node:assert/strict";
import { test } from "node:test";
import { enter, fillSignIn, openAs, openPage, picture, signOut, stamp } from "../support/browser.mjs";
import { hire, presetRole } from "../support/calls.mjs";
import { linkIn, mailTo } from "../support/mailbox.mjs";
import { someone } from "../support/product.mjs";

test("a wrong password is refused without saying which of the two is wrong", async (story) => {
  const page = await openPage(story);
  await page.goto("/");
  await fillSignIn(page, someone("administrator").loginName, "not-the-password-1");
  const known = await page.getByTestId("sign-in-failed").innerText();
  await fillSignIn(page, "nobody.of.this.name", "not-the-password-1");
  const refusal = page.waitForResponse((response) => response.url().endsWith("/v1/sessions:signIn"));
  await page.getByTestId("sign-in").click();
  await refusal;
  await page.getByTestId("sign-in-failed").waitFor();
  assert.equal(await page.getByTestId("sign-in-failed").innerText(), known);
  await picture(page, "sign-in-refused");
});

test("an initial password must be replaced before anything else", async (story) => {
  const page = await openPage(story);
  const newcomer = someone("salesperson", { first: true });
  await enter(page, newcomer, "/customers");
  await page.waitForURL("**/change-password**");
  // No way round: every other screen leads back here.
  await page.goto("/customers");
  await page.waitForURL("**/change-password**");

  const policy = page.locator("#password-policy li");
  await policy.first().waitFor();
  await page.locator("#currentPassword").fill(newcomer.password);
  await page.locator("#newPassword").fill("abc");
  assert.ok((await page.locator("#password-policy li[data-met=false]").count()) > 0);
  const chosen = "Lantern-7-riverbank";
  await page.locator("#newPassword").fill(chosen);
  await page.locator("#repeated").fill("something else");
  await page.locator("#repeated").blur();
  await page.getByText("两次输入的密码不一致").waitFor();
  assert.equal(await page.locator("#password-policy li[data-met=false]").count(), 0);
  await picture(page, "first-password");
  await page.locator("#repeated").fill(chosen);
  await page.getByTestId("change-password").click();

  // Back to where one wanted to go in the first place.
  await page.waitForURL("**/customers");
  await page.getByTestId("customers").waitFor();

  await signOut(page);
  await page.waitForURL("**/sign-in");
  await page.goto("/customers");
  await page.waitForURL("**/sign-in?next=**");
  await fillSignIn(page, newcomer.loginName, chosen);
  await page.waitForURL("**/customers");
});

test("a signed-in device can be seen and signed out from another", async (story) => {
  const person = someone("analyst");
  const here = await openPage(story);
  const there = await openPage(story);
  await enter(here, person, "/profile?tab=security");
  await enter(there, person, "/profile?tab=security");
  const sessions = here.getByTestId("sessions").locator("li");
  await here.getByTestId("sessions").waitFor();
  await here.reload();
  await sessions.nth(1).waitFor();
  const before = await sessions.count();
  // The latest used comes first, so the first that can be signed out is the other page.
  await here.getByTestId("sessions").getByRole("button").first().click();
  await here.locator(".ant-popconfirm").getByRole("button").last().click();
  await here.getByText("设备已下线").waitFor();
  await sessions.nth(before - 1).waitFor({ state: "detached" });
  assert.equal(await sessions.count(), before - 1);
  // The other browser finds out at its next call and asks for a sign-in that leads back.
  await there.reload();
  await there.waitForURL("**/sign-in?next=%2Fprofile%3Ftab%3Dsecurity");
});

test("a session goes on when its access token has run out", async (story) => {
  const page = await openPage(story);
  await enter(page, someone("marketer"), "/customers");
  await page.getByTestId("customers").waitFor();
  // Calls that are still under way would refresh the session by themselves.
  await page.waitForLoadState("networkidle");
  await page.context().clearCookies({ name: /changke_access/ });
  const refreshed = page.waitForResponse((response) => response.url().endsWith("/v1/sessions:refresh"));
  await page.reload();
  assert.equal((await refreshed).status(), 200);
  await page.getByTestId("customers").waitFor();
  assert.equal(new URL(page.url()).pathname, "/customers");
});

test("all other devices are signed out at once, and their open pages find out", async (story) => {
  const admin = await openAs(story, "administrator");
  const person = await hire(admin, { displayName: "沈多端", roleIds: [await presetRole(admin, "salesperson")] });
  const [here, there, elsewhere] = [await openPage(story), await openPage(story), await openPage(story)];
  await enter(here, person, "/profile?tab=security");
  for (const other of [there, elsewhere]) {
    await enter(other, person, "/customers");
    await other.getByTestId("menu").waitFor();
  }
  await here.reload();
  const sessions = here.getByTestId("sessions").locator("li");
  await sessions.nth(2).waitFor();
  await picture(here, "sessions");
  await here.getByTestId("revoke-others").click();
  await here.locator(".ant-popconfirm:visible").getByRole("button").last().click();
  // One more: the story itself has signed in to set the password.
  await here.getByText("台设备已下线").waitFor();
  await here.getByTestId("revoke-others").waitFor({ state: "detached" });
  assert.equal(await sessions.count(), 1);
  for (const other of [there, elsewhere]) {
    await other.getByTestId("menu").getByText("公海").click();
    await other.waitForURL("**/sign-in?next=**");
  }
  await here.getByTestId("menu").getByText("公海").click();
  await here.waitForURL("**/pool");
});

test("a forgotten password is replaced by a link in an e-mail, once, and every device is signed out", async (story) => {
  const admin = await openAs(story, "administrator");
  const email = `forgetful.${stamp()}@example.com`;
  const person = await hire(admin, { displayName: "吴记", roleIds: [await presetRole(admin, "salesperson")], email });
  const there = await openPage(story);
  await enter(there, person, "/customers");
  await there.getByTestId("menu").waitFor();

  const page = await openPage(story);
  await page.goto("/sign-in");
  await page.getByRole("link", { name: "忘记密码？" }).click();
  await page.waitForURL("**/forgot-password");
  await page.locator("#loginName").fill(person.loginName);
  await page.getByTestId("request-reset").click();
  await page.getByTestId("reset-requested").waitFor();
  await picture(page, "reset-requested");

  const [message] = await mailTo(email);
  const link = linkIn(message);
  await page.goto(link);
  const chosen = "Harbour-9-lighthouse";
  const choose = async () => {
    await page.locator("#newPassword").fill(chosen);
    await page.locator("#repeated").fill(chosen);
    await page.getByTestId("set-password").click();
  };
  await choose();
  await page.waitForURL("**/sign-in");
  await fillSignIn(page, person.loginName, chosen);
  await page.getByTestId("menu").waitFor();
  // The list follows what changes, so it hears of its session's end by itself.
  await there.waitForURL("**/sign-in?next=**");

  await page.goto("about:blank");
  await page.goto(link);
  await choose();
  await page.getByTestId("link-invalid").waitFor();
});
