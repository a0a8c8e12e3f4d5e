// One headless browser a file of stories; pages remember what went wrong in them.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { after } from "node:test";
import { chromium } from "playwright-core";
import { baseUrl, someone } from "./product.mjs";

/** Different at every call, for names that must not be taken. */
export const stamp = () => `${String(Date.now()).slice(-7)}${String(++stamps).padStart(2, "0")}`;
let stamps = 0;

const screenshots = fileURLToPath(new URL("../../../target/screenshots/", import.meta.url));
mkdirSync(screenshots, { recursive: true });

const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH || "/usr/bin/chromium",
  args: flags,
});
after(() => browser.close());

export const desktop = { width: 1440, height: 900 };
export const phone = { width: 390, height: 844 };

/** A page of its own cookies. Every script error in it fails the story, whatever else the story looks at. */
export async function openPage(story, { origin = baseUrl, locale = "zh-CN", viewport = desktop, dark = false, state } = {}) {
  const context = await browser.newContext({
    baseURL: origin,
    locale,
    viewport,
    colorScheme: dark ? "dark" : "light",
    // What still moves can be missed by a click.
    reducedMotion: "reduce",
    storageState: state,
    acceptDownloads: true,
    hasTouch: viewport === phone,
  });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    // The browser itself logs refused calls; those are the story's business.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) faults.push(message.text());
  });
  story.after(async () => {
    if (!story.passed) await page.screenshot({ path: `${screenshots}failed-${slug(story.name)}.png` }).catch(() => undefined);
    await context.close();
    assert.deepEqual(faults, [], "errors in the page");
  });
  return page;
}

function slug(name) {
  return name.replaceAll(/[^\p{L}\p{N}]+/gu, "-").slice(0, 80);
}

export async function enter(page, { loginName, password }, path = "/") {
  await page.goto(path);
  await fillSignIn(page, loginName, password);
  await page.waitForURL((url) => url.pathname !== "/sign-in");
}

export async function fillSignIn(page, loginName, password) {
  await page.locator("#loginName").fill(loginName);
  await page.locator("#password").fill(password);
  await page.getByTestId("sign-in").click();
}

const sessions = new Map();

/** A page that is signed in. A sign-in takes its time, so the session of a role is shared within a file. */
export async function openAs(story, role, path = "/", options = {}) {
  const { origin = baseUrl } = options;
  const key = `${role} ${origin}`;
  if (!sessions.has(key)) {
    const context = await browser.newContext({ baseURL: origin, locale: "zh-CN" });
    const page = await context.newPage();
    await enter(page, someone(role));
    await page.getByTestId("menu").waitFor();
    sessions.set(key, await context.storageState());
    await context.close();
  }
  const page = await openPage(story, { ...options, state: sessions.get(key) });
  await page.goto(path);
  return page;
}

/** Waits until somebody is signed in. */
export async function whoIsHere(page, name) {
  // A short name is also what stands for a picture.
  await page.getByTestId("user-menu").getByText(name, { exact: true }).last().waitFor();
}

export async function signOut(page) {
  await pick(page, page.getByTestId("user-menu"), "退出登录");
}

/** A picture for people to look at; pending animations are finished first. */
export async function picture(page, name) {
  await page.waitForLoadState("networkidle");
  await page.screenshot({ path: `${screenshots}${name}.png`, animations: "disabled" });
}

/** Nothing sticks out sideways: the page itself never scrolls to the right. */
export async function fitsWidth(page) {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} pixels too wide`);
}

/** Picks from the menu that a button opens. */
export async function pick(page, button, name) {
  await button.click();
  const unfolded = ".ant-dropdown:visible:not([class*='-enter'], [class*='-appear'])";
  // By its text alone: the name of an icon is a part of the item's name.
  await page.locator(unfolded).getByRole("menuitem").filter({ hasText: new RegExp(`^${name}$`) }).click();
}

/** The one row of an employee on the page of employees. */
export async function employeeFound(page, loginName) {
  await page.getByLabel("按姓名、登录名或拼音查找").fill(loginName);
  const row = page.getByTestId("employees").locator("tbody tr.ant-table-row", { hasText: loginName });
  await row.waitFor();
  // What is found takes the place of the other rows, and an open menu would go with them.
  await page.waitForFunction(() => document.querySelectorAll("[data-testid=employees] tbody tr.ant-table-row").length === 1);
  return row;
}

/** Chooses from an Ant Design select, which keeps its options outside of the field. */
export async function choose(page, field, text) {
  await field.click();
  // A click on a list that is still unfolding scrolls it instead of choosing from it.
  const unfolded = ".ant-select-dropdown:visible:not([class*='-enter'], [class*='-appear'])";
  await page.locator(`${unfolded} .ant-select-item-option`, { hasText: text }).first().click();
}
