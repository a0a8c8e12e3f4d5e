import assert from "node:assert/strict";
import { test } from "node:test";
import { call } from "../support/calls.mjs";
import { choose, fitsWidth, openAs, phone, pick, picture, stamp } from "../support/browser.mjs";

const named = (mark) => `/customers?filter=${encodeURIComponent(`name : "${mark}"`)}`;

/** Customers of their own for a story, by a mark in their names. */
async function customers(page, mark, count, more = () => ({})) {
  const made = [];
  for (let number = 0; number < count; number += 1) {
    made.push(await call(page, "POST", "/v1/customers", { kind: "CUSTOMER_KIND_ORGANIZATION", name: `${mark} ${number}`, ...more(number) }));
  }
  return made;
}

/** So many that only an import makes them in no time. */
async function imported(page, mark, count) {
  const lines = Array.from({ length: count }, (_, number) => `${mark}-${String(number).padStart(5, "0")},${mark} ${number}`);
  const id = await page.evaluate(async (text) => {
    const csrf = /changke_csrf=([^;]*)/.exec(document.cookie)?.[1] ?? "";
    const headers = { "Content-Type": "text/csv", "X-CSRF-Token": decodeURIComponent(csrf), "Idempotency-Key": crypto.randomUUID() };
    const answer = await fetch("/v1/imports?fileName=deep.csv", { method: "POST", headers, body: text });
    return (await answer.json()).id;
  }, `编号,名称\n${lines.join("\n")}\n`);
  await call(page, "POST", `/v1/imports/${id}:run`, { key: "IMPORT_KEY_NUMBER", duplicatePolicy: "DUPLICATE_POLICY_SKIP" });
  for (let state = ""; state !== "IMPORT_STATE_COMPLETED"; ) {
    await page.waitForTimeout(300);
    ({ state } = await call(page, "GET", `/v1/imports/${id}`));
    assert.notEqual(state, "IMPORT_STATE_FAILED");
  }
}

const customer = (page, { id }) => call(page, "GET", `/v1/customers/${id}`);

/** The cell of a row in the column of a head. */
async function cell(page, row, head) {
  await row.waitFor();
  const heads = await page.getByTestId("customers").locator("thead th").allInnerTexts();
  return row.locator("td").nth(heads.map((text) => text.trim()).indexOf(head));
}

test("cells are edited in place, saved by Enter, left by Escape, walked by Tab and undone", async (story) => {
  const page = await openAs(story, "administrator", "/customers");
  const mark = `格子${stamp()}`;
  const [one] = await customers(page, mark, 1, () => ({ phone: "13800138000" }));
  await page.goto(named(mark));
  const row = page.getByTestId("customers").locator("tbody tr.ant-table-row", { hasText: mark });
  const phoneCell = await cell(page, row, "电话");
  await phoneCell.dblclick();
  const editor = page.getByTestId("cell-editor");
  await editor.getByRole("textbox").and(page.locator(":focus")).waitFor();
  await editor.getByRole("textbox").fill("13900139000");
  await picture(page, "cell-editor");
  await page.keyboard.press("Escape");
  await phoneCell.getByText("13800138000").waitFor();

  await page.keyboard.press("F2");
  await editor.getByRole("textbox").fill("13900139000");
  const sent = page.waitForRequest((request) => request.method() === "PATCH");
  await page.keyboard.press("Enter");
  assert.equal(new URL((await sent).url()).searchParams.get("updateMask"), "phone");
  await phoneCell.getByText("13900139000").waitFor();
  await page.getByText(`${mark} 0 的电话已保存`).waitFor();
  await picture(page, "cell-saved");

  // Tab saves, and leads to the next cell that may be changed: a list unfolds, and what is chosen is saved.
  await phoneCell.focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await editor.getByRole("combobox").waitFor();
  await page.keyboard.press("Tab");
  await editor.getByRole("combobox").waitFor();
  await page.keyboard.press("Escape");
  const level = await cell(page, row, "级别");
  await level.dblclick();
  await page.locator(".ant-select-dropdown:visible .ant-select-item-option", { hasText: "VIP" }).click();
  await level.getByText("VIP").waitFor();

  // Back, one step after the other.
  await page.waitForFunction(() => !document.querySelector("[data-testid=cell-editor]"));
  await page.keyboard.press("Control+z");
  await level.getByText("VIP").waitFor({ state: "detached" });
  await page.keyboard.press("Control+z");
  await phoneCell.getByText("13800138000").waitFor();
  await page.getByText("已撤销").nth(1).waitFor();
  const now = await customer(page, one);
  assert.deepEqual([now.level, now.phone], ["", "13800138000"]);
});

test("what is refused goes back, with the reason at the cell; another's change is not overwritten", async (story) => {
  const page = await openAs(story, "administrator", "/customers");
  const mark = `拒绝${stamp()}`;
  const [one] = await customers(page, mark, 1, () => ({ phone: "13800138000" }));
  await page.goto(named(mark));
  const row = page.getByTestId("customers").locator("tbody tr.ant-table-row", { hasText: mark });
  const phoneCell = await cell(page, row, "电话");
  await phoneCell.dblclick();
  await page.getByTestId("cell-editor").getByRole("textbox").fill("不是号码");
  await page.keyboard.press("Enter");
  await page.getByTestId("cell-fault").getByText("电话号码中没有数字").waitFor();
  await phoneCell.getByText("13800138000").waitFor();
  await picture(page, "cell-refused");

  await call(page, "PATCH", `/v1/customers/${one.id}?updateMask=phone`, { phone: "13700137000", etag: (await customer(page, one)).etag });
  // Cells that can't be written open the record, as the rows of who may not write do.
  await (await cell(page, row, "创建时间")).click();
  await page.getByTestId("details").getByText("13700137000").waitFor();
});

test("a reader edits nothing and sees no editor", async (story) => {
  const page = await openAs(story, "analyst", "/customers");
  const rows = page.getByTestId("customers").locator("tbody tr.ant-table-row");
  await rows.first().waitFor();
  assert.equal(await page.locator("td.grid-editable").count(), 0);
  await (await cell(page, rows.first(), "级别")).click();
  await page.waitForURL(/\/customers\/[0-9a-f-]{36}$/);
});

test("one field of many customers is changed at once, and taken back but where it changed since", async (story) => {
  const page = await openAs(story, "administrator", "/customers");
  const mark = `批量${stamp()}`;
  const made = await customers(page, mark, 4);
  await call(page, "POST", `/v1/customers/${made[3].id}:invalidate`, { reason: "重复" });
  await page.goto(`/customers?filter=${encodeURIComponent(`name : "${mark}" AND state:*`)}`);
  const rows = page.getByTestId("customers").locator("tbody tr.ant-table-row");
  await rows.nth(3).waitFor();
  await rows.nth(0).getByRole("checkbox").check();
  await page.getByTestId("bulk-edit").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("列表中的全部 4 位客户").click();
  await choose(page, dialog.getByLabel("字段"), "级别");
  await choose(page, dialog.getByLabel("新值"), "VIP");
  await picture(page, "bulk-change");
  await page.getByTestId("start-bulk").click();
  const card = page.getByTestId("bulk-change");
  await card.getByText("已完成").waitFor();
  await card.getByText("已修改 3 位").waitFor();
  await card.getByRole("button", { name: "1 位未修改" }).click();
  await page.getByTestId("refusals").getByText("该客户已作废").waitFor();
  await picture(page, "bulk-refusals");
  await page.keyboard.press("Escape");
  for (const one of made.slice(0, 3)) assert.equal((await customer(page, one)).level, "vip");

  const { etag } = await customer(page, made[0]);
  await call(page, "PATCH", `/v1/customers/${made[0].id}?updateMask=level`, { level: "", etag });
  await card.getByTestId("undo-bulk").click();
  await page.locator(".ant-popconfirm:visible").getByRole("button", { name: /确\s*定|确认/ }).click();
  await card.getByText("已撤销", { exact: true }).waitFor();
  await card.getByText("已恢复 2 位").waitFor();
  await picture(page, "bulk-undone");
  for (const one of made) assert.equal((await customer(page, one)).level, "");
  // It is found again later.
  await page.reload();
  await page.getByTestId("recent-bulk").click();
  await page.getByRole("dialog").getByTestId("bulk-change").first().getByText("已恢复 2 位").waitFor();
});

test("a board has a column for each value; cards go by mouse and by keyboard, and a view keeps it", async (story) => {
  const page = await openAs(story, "administrator", "/customers");
  const mark = `看板${stamp()}`;
  const [one, two] = await customers(page, mark, 2);
  await page.goto(`${named(mark)}&layout=board&by=level`);
  const lane = (name) => page.getByTestId("board-lane").and(page.getByLabel(name, { exact: true }));
  const card = (number) => page.locator("[data-card]", { hasText: `${mark} ${number}` });
  await lane("未设置").getByText(`${mark} 1`).waitFor();
  assert.equal((await lane("未设置").getByTestId("board-count").innerText()).trim(), "2");
  await picture(page, "board");

  await card(0).dragTo(lane("VIP"));
  await lane("VIP").getByText(`${mark} 0`).waitFor();
  await page.getByText(`${mark} 0 已移到“VIP”`).first().waitFor();
  assert.equal((await customer(page, one)).level, "vip");
  assert.equal((await lane("VIP").getByTestId("board-count").innerText()).trim(), "1");

  await card(1).focus();
  await page.keyboard.press("Space");
  await page.keyboard.press("ArrowRight");
  await picture(page, "board-lifted");
  await page.keyboard.press("Escape");
  assert.equal((await customer(page, two)).level, "");
  await page.keyboard.press("Space");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Space");
  await page.getByText(new RegExp(`${mark} 1 已移到`)).first().waitFor();
  assert.notEqual((await customer(page, two)).level, "");
  await page.getByRole("button", { name: "撤销" }).last().click();
  await lane("未设置").getByText(`${mark} 1`).waitFor();
  await page.getByText("已撤销").first().waitFor();
  assert.equal((await customer(page, two)).level, "");

  await pick(page, page.getByTestId("views"), "另存为新视图");
  await page.getByRole("dialog").getByLabel("视图名称").fill(mark);
  await page.getByRole("dialog").getByRole("button", { name: "保存" }).click();
  await page.waitForURL((url) => url.searchParams.has("view") && !url.searchParams.has("layout"));
  await page.reload();
  await page.getByTestId("board").waitFor();
  await lane("VIP").getByText(`${mark} 0`).waitFor();
});

test("birthdays stand in a calendar in every year, and its days are walked by keyboard", async (story) => {
  const page = await openAs(story, "administrator", "/customers");
  const mark = `寿星${stamp()}`;
  const today = new Date();
  const birthday = `1980-${String(today.getMonth() + 1).padStart(2, "0")}-15`;
  await call(page, "POST", "/v1/customers", { kind: "CUSTOMER_KIND_PERSON", name: mark, birthday });
  await page.goto(`${named(mark)}&layout=calendar&by=birthday`);
  const entry = page.getByTestId("calendar-entry").getByText(mark);
  await entry.waitFor();
  await picture(page, "calendar");
  await page.getByTestId("calendar").getByText("周", { exact: true }).first().click();
  await page.getByTestId("calendar").getByText("月", { exact: true }).first().click();
  const day = `${today.getFullYear()}-${birthday.slice(5)}`;
  const square = page.locator(`[data-day="${day}"]`);
  const now = page.locator("[role=gridcell][tabindex='0']");
  await now.focus();
  const step = 15 - today.getDate();
  for (let count = 0; count < Math.abs(step); count += 1) await page.keyboard.press(step > 0 ? "ArrowRight" : "ArrowLeft");
  await square.and(page.locator(":focus")).waitFor();
  await page.keyboard.press("Enter");
  await page.getByTestId("calendar-day").getByRole("link", { name: mark }).click();
  await page.getByTestId("details").waitFor();
});

test("a list is scrolled thousands of rows deep, worked by keyboard, and stays small", async (story) => {
  const page = await openAs(story, "administrator", "/customers");
  const mark = `深处${stamp()}`;
  await imported(page, mark, 5200);
  await page.goto(`${named(mark)}&order=number`);
  const rows = page.getByTestId("customers").locator("tbody tr.ant-table-row");
  await rows.first().waitFor();
  const wanted = 5000;
  const deepest = () => rows.last().getAttribute("aria-rowindex").then(Number);
  const seen = [];
  for (let tries = 0; tries < 400 && (await deepest()) < wanted; tries += 1) {
    await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
    await page.waitForTimeout(30);
    seen.push(await rows.count());
  }
  assert.ok((await deepest()) >= wanted, `only ${await deepest()} rows deep`);
  assert.ok(Math.max(...seen) <= 101, `${Math.max(...seen)} rows in the document`);
  assert.ok((await page.locator("*").count()) < 8000, `${await page.locator("*").count()} elements`);
  await picture(page, "deep");

  // Nothing but cells is there between the beginning and here, and each row is its own.
  const numbers = await rows.locator("td:nth-child(3)").allInnerTexts();
  assert.equal(new Set(numbers).size, numbers.length);
  const focused = () => page.evaluate(() => Number(document.activeElement?.getAttribute("data-row")));
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.locator("td[data-row='0'][data-column='1']").focus();
  await page.keyboard.press("End");
  await page.waitForFunction((wanted) => Number(document.activeElement?.getAttribute("data-row")) >= wanted - 2, wanted);
  await page.keyboard.press("Home");
  await page.waitForFunction(() => document.activeElement?.getAttribute("data-row") === "0");
  await page.keyboard.press("PageDown");
  await page.keyboard.press("ArrowDown");
  assert.ok((await focused()) > 5);
  await page.keyboard.press("Space");
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("Shift+ArrowDown");
  await page.getByTestId("bulk-bar").getByText("已选 3").waitFor();
  await page.keyboard.press("Escape");
  await page.getByTestId("bulk-bar").waitFor({ state: "detached" });
  await page.keyboard.press("?");
  await page.getByTestId("shortcuts").getByText("撤销上一次修改").waitFor();
  await picture(page, "shortcuts");
});

test("contacts and interactions are listed over all customers, filtered and kept as views", async (story) => {
  const page = await openAs(story, "administrator", "/contacts");
  const mark = `名单${stamp()}`;
  const [one] = await customers(page, mark, 1);
  await call(page, "POST", `/v1/customers/${one.id}/contacts`, { name: `${mark}人`, decisionRole: "DECISION_ROLE_BUYER" });
  const occurTime = new Date(Date.now() + 3_600_000).toISOString();
  await call(page, "POST", `/v1/customers/${one.id}/interactions`, { type: "INTERACTION_TYPE_VISIT", state: "INTERACTION_STATE_PLANNED", subject: `${mark}拜访`, occurTime });
  await page.reload();
  await page.getByTestId("open-filter").click();
  const condition = page.getByTestId("filter-drawer").getByTestId("condition");
  await choose(page, condition.getByRole("combobox").first(), "客户");
  await condition.getByRole("textbox").fill(mark);
  await page.getByTestId("apply-filter").click();
  const row = page.getByTestId("contacts").locator("tbody tr.ant-table-row");
  await row.nth(1).waitFor({ state: "detached" });
  await row.getByText(`${mark}人`).waitFor();
  await pick(page, page.getByTestId("views"), "另存为新视图");
  await page.getByRole("dialog").getByLabel("视图名称").fill(mark);
  await page.getByRole("dialog").getByRole("button", { name: "保存" }).click();
  await page.waitForURL((url) => url.searchParams.has("view"));
  await picture(page, "contacts-view");

  await page.goto(`/interactions?filter=${encodeURIComponent(`subject : "${mark}"`)}&layout=calendar&by=occur_time`);
  await page.getByTestId("calendar-entry").getByText(`${mark}拜访`).waitFor();
  await picture(page, "interactions-calendar");
  await page.getByTestId("layout").getByText("表格").click();
  await page.getByTestId("interactions").getByRole("link", { name: `${mark}拜访` }).click();
  await page.getByTestId("details").waitFor();
});

test("boards and calendars fit a phone and the dark", async (story) => {
  for (const path of ["/customers?layout=board&by=level", "/customers?layout=calendar&by=birthday", "/interactions", "/contacts"]) {
    const page = await openAs(story, "administrator", path, { viewport: phone, dark: true });
    await page.locator("h1").waitFor();
    await page.waitForLoadState("networkidle");
    await fitsWidth(page);
    await picture(page, `phone${path.replaceAll(/[^a-z]+/g, "-")}`);
  }
});
