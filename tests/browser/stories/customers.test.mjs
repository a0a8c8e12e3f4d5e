import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { choose, openAs, picture } from "../support/browser.mjs";

const total = async (page) => Number((await page.getByTestId("total").innerText()).replaceAll(/\D/g, ""));

test("a filter is built by hand, shows in the address and survives a reload", async (story) => {
  const page = await openAs(story, "administrator", "/customers");
  const all = await total(page);
  await page.getByTestId("open-filter").click();
  const drawer = page.getByRole("dialog");
  const condition = drawer.getByTestId("condition");
  await choose(page, condition.getByRole("combobox").first(), "级别");
  await choose(page, condition.getByRole("combobox").nth(2), "VIP");
  assert.equal(await drawer.locator("#filter-text").inputValue(), 'level = "vip"');
  await drawer.getByTestId("add-condition").click();
  await choose(page, condition.nth(1).getByRole("combobox").first(), "类型");
  await choose(page, condition.nth(1).getByRole("combobox").nth(2), "企业");
  await picture(page, "filter");
  await page.getByTestId("apply-filter").click();

  await page.waitForURL((url) => url.searchParams.get("filter") === 'level = "vip" AND kind = ORGANIZATION');
  await page.getByTestId("filter-chip").nth(1).waitFor();
  await page.waitForFunction((count) => Number(document.querySelector("[data-testid=total]")?.textContent?.replaceAll(/\D/g, "")) < count, all);
  const filtered = await total(page);
  assert.ok(filtered > 0 && filtered < all);
  await picture(page, "customers-filtered");

  await page.reload();
  await page.getByTestId("filter-chip").nth(1).waitFor();
  assert.equal(await total(page), filtered);
  await page.getByTestId("filter-chip").first().locator(".ant-tag-close-icon").click();
  await page.waitForURL((url) => url.searchParams.get("filter") === "kind = ORGANIZATION");
});

test("a province that is picked holds the customers of its counties", async (story) => {
  const page = await openAs(story, "administrator", "/customers");
  await page.getByTestId("open-filter").click();
  const condition = page.getByTestId("filter-drawer").getByTestId("condition");
  await choose(page, condition.getByRole("combobox").first(), "地区");
  await condition.getByRole("combobox").nth(2).click();
  const regions = page.locator(".ant-cascader-dropdown:visible:not([class*='-enter'], [class*='-appear'])");
  await regions.locator(".ant-cascader-menu-item", { hasText: "浙江省" }).click();
  await condition.getByTitle("浙江省", { exact: true }).waitFor();
  await page.getByTestId("apply-filter").click();
  await page.waitForURL((url) => url.searchParams.get("filter") === 'region : "33"');
  await page.getByTestId("filter-chip").getByText("浙江省").waitFor();
  await page.getByTestId("customers").locator("tbody tr.ant-table-row").first().getByText(/浙江省/).waitFor();
  assert.ok((await total(page)) > 0);
});

test("drawers are worked by keyboard: Enter submits, Escape closes what is on top", async (story) => {
  const page = await openAs(story, "administrator", "/customers");
  await page.getByTestId("create-customer").focus();
  await page.keyboard.press("Enter");
  const form = page.getByTestId("customer-form");
  await page.locator("#name:focus").waitFor();
  await page.keyboard.press("Enter");
  await form.locator(".ant-form-item-explain-error").first().waitFor();
  await page.locator("#level").click();
  await page.locator(".ant-select-dropdown:visible").waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".ant-select-dropdown:visible").waitFor({ state: "detached" });
  assert.equal(await form.count(), 1);
  await page.keyboard.press("Escape");
  await form.waitFor({ state: "detached" });
  await page.locator("[data-testid=create-customer]:focus").waitFor();
});

test("an expression that is wrong is refused with its place", async (story) => {
  const page = await openAs(story, "administrator", "/customers");
  await page.getByTestId("open-filter").click();
  await page.locator("#filter-text").fill('levle = "vip"');
  await page.getByTestId("apply-filter").click();
  await page.getByRole("alert").getByText("levle").waitFor();
  await picture(page, "filter-refused");
});

test("more rows come by scrolling", async (story) => {
  const page = await openAs(story, "administrator", "/customers");
  const rows = page.getByTestId("customers").locator("tbody tr.ant-table-row");
  await rows.first().waitFor();
  assert.equal(await rows.count(), 50);
  // Rows that are far from the eye leave the document, so what counts is how deep the last one lies.
  const deepest = async () => Number(await rows.last().getAttribute("aria-rowindex"));
  for (let tries = 0; (await deepest()) < 150 && tries < 50; tries += 1) {
    await rows.last().scrollIntoViewIfNeeded();
    await page.waitForTimeout(100);
  }
  assert.ok((await deepest()) >= 150);
});

test("a view keeps filter, order and columns under a name", async (story) => {
  const page = await openAs(story, "administrator", `/customers?filter=${encodeURIComponent('level = "vip"')}&order=name`);
  await page.getByTestId("total").waitFor();
  await page.getByTestId("views").click();
  await page.getByText("另存为新视图").click();
  const name = `重点客户 ${Date.now()}`;
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("视图名称").fill(name);
  await dialog.getByRole("button", { name: "保存" }).click();
  await page.waitForURL((url) => url.searchParams.has("view") && !url.searchParams.has("filter"));
  await page.getByTestId("views").getByText(name).waitFor();
  await page.getByTestId("filter-chip").waitFor();
  await page.reload();
  await page.getByTestId("views").getByText(name).waitFor();
  await page.getByTestId("filter-chip").waitFor();
});

test("columns are chosen and put in order, stay so, and are what an export brings", async (story) => {
  const page = await openAs(story, "administrator", `/customers?filter=${encodeURIComponent('level = "vip" AND kind = PERSON')}`);
  const heads = async () => (await page.getByTestId("customers").locator("thead th").allInnerTexts()).map((text) => text.trim()).filter(Boolean);
  await page.getByTestId("customers").locator("tbody tr.ant-table-row").first().waitFor();
  const before = await heads();
  assert.deepEqual(before.slice(0, 2), ["名称", "编号"]);
  assert.ok(!before.includes("状态"));

  await page.getByRole("button", { name: "列", exact: true }).click();
  const chooser = page.getByTestId("columns");
  // What the row is opened by stays.
  assert.ok(await chooser.getByRole("checkbox", { name: "名称", exact: true }).isDisabled());
  await chooser.getByRole("checkbox", { name: "编号", exact: true }).uncheck();
  await chooser.getByRole("checkbox", { name: "状态", exact: true }).check();
  for (let step = before.length - 2; step > 1; step--) await chooser.getByRole("button", { name: "上移 状态" }).click();
  await picture(page, "columns");
  await page.keyboard.press("Escape");
  const wanted = ["名称", before[2], "状态", ...before.slice(3)];
  assert.deepEqual(await heads(), wanted);

  await page.reload();
  await page.getByTestId("customers").locator("tbody tr.ant-table-row").first().waitFor();
  assert.deepEqual(await heads(), wanted);
  await page.getByTestId("export").click();
  const downloading = page.waitForEvent("download");
  await page.getByText("导出为 CSV").click();
  const file = readFileSync(await (await downloading).path(), "utf8");
  const exported = file.slice(1).split(/\r?\n/)[0].split(",");
  assert.deepEqual(exported, ["客户名称", "客户级别", "客户状态", "电话", "地区", "行业", "负责人", "最近联系时间", "创建时间"]);

  await page.getByRole("button", { name: "列", exact: true }).click();
  await page.getByTestId("columns").getByRole("button", { name: "重置" }).click();
  assert.deepEqual(await heads(), before);
});

test("selected customers are assigned, and the assignment is taken back", async (story) => {
  const page = await openAs(story, "administrator", "/customers?filter=owner_id%3A*&order=number");
  const rows = page.getByTestId("customers").locator("tbody tr.ant-table-row");
  await rows.nth(1).waitFor();
  const heads = await page.getByTestId("customers").locator("thead th").allInnerTexts();
  const owner = (place) => rows.nth(place).locator("td").nth(heads.indexOf("负责人"));
  const before = [await owner(0).innerText(), await owner(1).innerText()];
  await rows.nth(0).getByRole("checkbox").check();
  await rows.nth(1).getByRole("checkbox").check();
  await page.getByTestId("bulk-bar").getByRole("button", { name: "分配" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.locator("#assign-owner").fill("zxx");
  await page.locator(".ant-select-dropdown:visible .ant-select-item-option", { hasText: "曾小贤" }).click();
  await picture(page, "bulk-assign");
  await page.getByTestId("assign").click();
  await page.getByText("已分配 2 位客户").waitFor();
  await owner(0).getByText("曾小贤").waitFor();
  await owner(1).getByText("曾小贤").waitFor();
  await page.getByRole("button", { name: "撤销" }).click();
  await page.getByText("已撤销").waitFor();
  for (const place of [0, 1]) await owner(place).getByText(before[place], { exact: true }).waitFor();
});

test("what is listed is exported in its columns, ready for a spreadsheet", async (story) => {
  const page = await openAs(story, "administrator", `/customers?filter=${encodeURIComponent('level = "vip" AND kind = PERSON')}&order=name`);
  const count = await total(page);
  await page.getByTestId("export").click();
  const downloading = page.waitForEvent("download");
  await page.getByText("导出为 CSV").click();
  const file = readFileSync(await (await downloading).path(), "utf8");
  assert.equal(file.charCodeAt(0), 0xfeff);
  const lines = file.trim().split(/\r?\n/);
  assert.match(lines[0], /客户名称,客户编号/);
  assert.equal(lines.length - 1, count);
});

test("the search box is reached by the slash key and led by the keyboard alone", async (story) => {
  const page = await openAs(story, "administrator", "/");
  await page.getByTestId("menu").waitFor();
  await page.keyboard.press("/");
  const search = page.getByRole("combobox", { name: "查找客户" });
  await search.and(page.locator(":focus")).waitFor();
  await page.keyboard.type("gongsi");
  await page.getByTestId("search-match").first().waitFor();
  await picture(page, "quick-search");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/customers\/[0-9a-f-]{36}$/);
});

test("two people change a customer at once, and the second decides", async (story) => {
  const page = await openAs(story, "administrator", "/customers?order=number");
  await page.getByTestId("customers").getByRole("link").first().click();
  await page.getByTestId("details").waitFor();
  const address = page.url();
  const other = await openAs(story, "administrator", address);
  const [firstRemark, secondRemark] = ["第一个人的备注", "第二个人的备注"].map((text) => `${text} ${Date.now()}`);
  const edit = async (tab, remark) => {
    await tab.getByTestId("edit-customer").click();
    await tab.locator("#remark").fill(remark);
  };
  await edit(page, secondRemark);
  await edit(other, firstRemark);
  const sent = other.waitForRequest((request) => request.method() === "PATCH");
  await other.getByTestId("submit").click();
  // Only what was changed is sent.
  assert.equal(new URL((await sent).url()).searchParams.get("updateMask"), "remark");
  await other.getByText(firstRemark).first().waitFor();

  await page.getByTestId("submit").click();
  const dialog = page.getByRole("dialog", { name: "资料已被他人修改" });
  await dialog.getByText(firstRemark).waitFor();
  await dialog.getByText(secondRemark).waitFor();
  await picture(page, "conflict");
  await dialog.getByRole("button", { name: "用我的修改覆盖" }).click();
  await page.getByTestId("details").getByText(secondRemark).waitFor();
  // Both changes stand in the timeline, with before and after.
  await page.getByTestId("timeline").getByText(firstRemark).first().waitFor();
});

test("what one person does, another sees without loading anew", async (story) => {
  const name = `现场 ${Date.now()}`;
  const watcher = await openAs(story, "administrator", `/customers?filter=${encodeURIComponent(`name : "${name}"`)}`);
  await watcher.getByTestId("total").waitFor();
  const other = await openAs(story, "administrator", "/customers");
  await other.getByTestId("create-customer").click();
  await other.locator("#name").fill(name);
  await other.getByTestId("submit").click();
  await other.getByTestId("details").waitFor();

  // A new row waits for a click, a row that is there changes in place.
  await watcher.getByTestId("news").getByText("有 1 条更新").click();
  await watcher.getByTestId("customers").getByRole("link", { name, exact: true }).waitFor();
  const edit = async (field, text) => {
    await other.getByTestId("edit-customer").click();
    await other.locator(field).fill(text);
    await other.getByTestId("submit").click();
    await other.getByTestId("customer-form").waitFor({ state: "detached" });
  };
  await edit("#name", `${name} 已更名`);
  await watcher.getByTestId("customers").getByRole("link", { name: `${name} 已更名` }).click();
  await watcher.getByTestId("details").waitFor();
  await edit("#remark", `${name} 的备注`);
  await watcher.getByTestId("details").getByText(`${name} 的备注`).waitFor();
  await watcher.getByTestId("timeline").getByText(`${name} 的备注`).first().waitFor();
});

test("a contact is added, a plan is made and carried out", async (story) => {
  const page = await openAs(story, "administrator", "/customers?order=number");
  await page.getByTestId("customers").getByRole("link").nth(1).click();
  await page.getByTestId("add-contact").click();
  const name = `欧阳${Date.now() % 100000}`;
  const form = page.getByRole("dialog");
  await form.getByLabel("姓名").fill(name);
  await form.getByLabel("电话").fill("13800138000");
  await page.getByTestId("submit").click();
  await page.getByTestId("contacts").getByText(name).waitFor();

  await page.getByTestId("add-interaction").click();
  await page.getByText("计划", { exact: true }).click();
  await page.getByLabel("主题").fill(`${name} 的回访`);
  await page.getByTestId("submit").click();
  const entry = page.getByTestId("timeline-entry").filter({ hasText: `${name} 的回访` });
  await entry.getByText("计划中").waitFor();
  await picture(page, "customer");
  await entry.getByTestId("complete-interaction").click();
  await page.getByLabel("沟通内容").fill("客户同意下月签约");
  await page.getByTestId("submit").click();
  await entry.getByText("客户同意下月签约").waitFor();
  assert.equal(await entry.getByText("计划中").count(), 0);
});
