import assert from "node:assert/strict";
import { test } from "node:test";
import { fitsWidth, openAs, openPage, phone, picture } from "../support/browser.mjs";

const screens = [
  ["workbench", "/"],
  ["customers", "/customers"],
  ["customers-board", "/customers?layout=board&by=level"],
  ["customers-calendar", "/customers?layout=calendar&by=birthday"],
  ["contacts", "/contacts"],
  ["interactions", "/interactions"],
  ["interactions-calendar", "/interactions?layout=calendar&by=occur_time"],
  ["pool", "/pool"],
  ["duplicates", "/duplicates"],
  ["imports", "/imports"],
  ["composition", "/reports/composition"],
  ["employees", "/employees"],
  ["employees-import", "/employees/import"],
  ["handovers", "/handovers"],
  ["groups", "/groups"],
  ["roles", "/roles"],
  ["dictionaries", "/dictionaries"],
  ["fields", "/fields"],
  ["audit", "/audit"],
  ["service-accounts", "/service-accounts"],
  ["provisioning", "/provisioning"],
  ["identity-providers", "/identity-providers"],
  ["webhooks", "/webhooks"],
  ["parameters", "/parameters"],
  ["feedback", "/feedback"],
  ["service-status", "/service-status"],
  ["profile", "/profile"],
  ["security", "/profile?tab=security"],
];

/** Before the console proper, where nobody is signed in. */
const entrances = [
  ["sign-in", "/sign-in"],
  ["forgot-password", "/forgot-password"],
  ["set-password", "/set-password#made-up"],
  ["sign-on-failed", "/sign-on/callback?error=access_denied"],
];

/** The screen has shown its content: a heading, and neither a skeleton nor a fault. */
async function settled(page) {
  await page.locator("h1").waitFor();
  await page.waitForLoadState("networkidle");
  await page.waitForFunction(() => !document.querySelector(".ant-skeleton"));
  assert.equal(await page.locator(".ant-result-warning, .ant-result-403, .ant-result-404").count(), 0, page.url());
}

test("every screen speaks English", async (story) => {
  const page = await openAs(story, "administrator", "/", { locale: "en-US" });
  for (const [name, path] of screens) {
    await page.goto(path);
    await settled(page);
    assert.equal(await page.locator("html").getAttribute("lang"), "en");
    assert.doesNotMatch(await page.locator("h1").innerText(), /[\u4e00-\u9fff]/, path);
    assert.doesNotMatch(await page.getByTestId("menu").innerText(), /[\u4e00-\u9fff]/, path);
    await picture(page, `en-${name}`);
  }
});

test("every screen fits a phone", async (story) => {
  const page = await openAs(story, "administrator", "/", { viewport: phone });
  for (const [name, path] of screens) {
    await page.goto(path);
    await settled(page);
    await fitsWidth(page);
    await picture(page, `phone-${name}`);
  }
  await page.goto("/customers");
  await page.getByTestId("customers").getByRole("link").first().click();
  await settled(page);
  await fitsWidth(page);
  await picture(page, "phone-customer");
  await page.getByRole("button", { name: "展开或收起菜单" }).click();
  await page.getByTestId("menu").getByText("客户构成").click();
  await page.waitForURL("**/reports/composition");
});

test("dark is dark, and is remembered as the language is", async (story) => {
  const page = await openAs(story, "administrator", "/");
  await page.getByTestId("theme").click();
  await page.getByText("深色").click();
  await page.getByTestId("language").click();
  await page.getByText("English").click();
  await page.locator("html[data-theme=dark][lang=en]").waitFor();
  await page.reload();
  await page.locator("html[data-theme=dark][lang=en]").waitFor();
  const background = await page.locator("#main").evaluate((element) => {
    let node = element;
    while (node && /rgba\(0, 0, 0, 0\)|transparent/.test(getComputedStyle(node).backgroundColor)) node = node.parentElement;
    return getComputedStyle(node).backgroundColor.match(/\d+/g).slice(0, 3).map(Number);
  });
  assert.ok(Math.max(...background) < 60, `the background is ${background}`);
  for (const [name, path] of screens) {
    await page.goto(path);
    await settled(page);
    await picture(page, `dark-${name}`);
  }
});

test("one sees only what one's role opens", async (story) => {
  const page = await openAs(story, "analyst", "/");
  const menu = page.getByTestId("menu");
  await menu.getByText("客户构成").waitFor();
  for (const hidden of ["员工", "角色", "导入", "公海"]) assert.equal(await menu.getByText(hidden, { exact: true }).count(), 0, hidden);
  await page.goto("/employees");
  await page.getByTestId("no-permission").waitFor();
  await picture(page, "no-permission");
  await page.goto("/customers");
  await page.getByTestId("customers").waitFor();
  assert.equal(await page.getByTestId("create-customer").count(), 0);
});

test("the menu and the content are reached by keyboard", async (story) => {
  const page = await openAs(story, "administrator", "/");
  await page.getByTestId("menu").waitFor();
  await page.keyboard.press("Tab");
  const skip = page.getByRole("link", { name: "跳到正文" });
  await skip.and(page.locator(":focus")).waitFor();
  await page.keyboard.press("Enter");
  await page.locator("#main:focus").waitFor();
});

test("a page that isn't there and a record that isn't there say so", async (story) => {
  const page = await openAs(story, "administrator", "/no-such-page");
  await page.getByText("页面不存在").waitFor();
  await page.goto("/customers/00000000-0000-7000-8000-000000000000");
  await page.getByText("记录不存在，或您无权查看").waitFor();
});

test("every entrance speaks English and fits a phone", async (story) => {
  const page = await openPage(story, { locale: "en-US", viewport: phone });
  for (const [name, path] of entrances) {
    await page.goto(path);
    await settled(page);
    assert.doesNotMatch(await page.getByRole("main").innerText(), /[\u4e00-\u9fff]/, path);
    await fitsWidth(page);
    await picture(page, `phone-en-${name}`);
  }
});

test("a stranger is asked to sign in, in the browser's language", async (story) => {
  const page = await openPage(story, { locale: "en-GB" });
  await page.goto("/reports/composition?by=level");
  await page.waitForURL((url) => url.pathname === "/sign-in" && url.searchParams.get("next") === "/reports/composition?by=level");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await picture(page, "en-sign-in");
});
