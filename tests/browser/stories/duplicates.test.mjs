import assert from "node:assert/strict";
import { test } from "node:test";
import { openAs, picture, stamp } from "../support/browser.mjs";
import { call } from "../support/calls.mjs";

async function person(admin, name, more) {
  return (await call(admin, "POST", "/v1/customers", { kind: "CUSTOMER_KIND_PERSON", name, ...more })).id;
}

/** Eleven digits that nobody else has. */
const aPhone = () => `199${String(Math.floor(Math.random() * 1e8)).padStart(8, "0")}`;

test("two entries of one customer are found, compared, merged and parted again", async (story) => {
  const page = await openAs(story, "administrator", "/");
  const mark = stamp();
  const phone = aPhone();
  const [older, newer] = [await person(page, `查重${mark}`, { phone }), await person(page, `查重${mark}`, { phone, email: `d${Date.now()}@example.com`, remark: "新登记" })];
  await call(page, "POST", `/v1/customers/${newer}/contacts`, { name: `联系人${mark}` });

  // Whoever would enter the customer a third time is told.
  await page.goto("/customers");
  await page.getByTestId("create-customer").click();
  const form = page.getByTestId("customer-form");
  await form.getByText("个人", { exact: true }).first().click();
  await form.getByLabel("电话").fill(phone);
  await form.getByTestId("candidates").getByText("电话相同").first().waitFor();
  await picture(page, "duplicate-candidates");

  await page.goto("/duplicates");
  await page.getByTestId("start-search").click();
  await page.getByTestId("duplicate-search").getByText("组可能重复").waitFor({ timeout: 60_000 });
  const pair = page.getByTestId("duplicate-pair").filter({ hasText: phone });
  for (let more = 0; more < 20 && (await pair.count()) === 0; more += 1) {
    await page.mouse.wheel(0, 20_000);
    await page.waitForTimeout(200);
  }
  await pair.getByText("电话相同").waitFor();
  await picture(page, "duplicates");
  await pair.getByRole("button", { name: "比对并合并" }).click();
  const dialog = page.getByTestId("merge-dialog");
  await dialog.getByText("1 位联系人").waitFor();
  await dialog.getByRole("radio", { name: new RegExp(`^备注`) }).nth(0).check();
  await picture(page, "merge-dialog");
  await dialog.getByRole("button", { name: /^合\s*并$/ }).click();
  await page.getByText(`已合并到 查重${mark}`).waitFor();
  await dialog.waitFor({ state: "detached" });

  await page.goto(`/customers/${newer}`);
  await page.getByTestId("merged-into").getByRole("link").click();
  await page.waitForURL((url) => url.pathname === `/customers/${older}`);
  await page.getByText(`联系人${mark}`).first().waitFor();
  const merged = await call(page, "GET", `/v1/customers/${older}`);
  assert.equal(merged.remark, "", "as it was chosen");

  await page.goto("/duplicates");
  await page.getByRole("tab", { name: "合并记录" }).click();
  const entry = page.getByTestId("merge-entry").filter({ hasText: `查重${mark}` }).first();
  await picture(page, "merges");
  await entry.getByRole("button", { name: "撤销合并" }).click();
  await page.getByRole("tooltip").getByRole("button", { name: /确定|确 定/ }).click();
  await entry.getByText("已撤销").waitFor();
  const parted = await call(page, "GET", `/v1/customers/${newer}`);
  assert.equal(parted.state, "CUSTOMER_STATE_ACTIVE");
  const { contacts } = await call(page, "GET", `/v1/customers/${newer}/contacts`);
  assert.deepEqual(contacts.map(({ name }) => name), [`联系人${mark}`]);
});
