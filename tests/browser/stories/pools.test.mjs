import assert from "node:assert/strict";
import { test } from "node:test";
import { choose, employeeFound, enter, openAs, openPage, phone, pick, picture, stamp } from "../support/browser.mjs";
import { call, groupNamed, hire, presetRole } from "../support/calls.mjs";

/** A salesperson of a group with so many customers of their own. */
async function seller(admin, groupId, customers) {
  const mark = stamp();
  const person = await hire(admin, { displayName: `韩梅${mark}`, roleIds: [await presetRole(admin, "salesperson")], groupId });
  const ids = [];
  for (let place = 1; place <= customers; place += 1) {
    const customer = { kind: "CUSTOMER_KIND_ORGANIZATION", name: `归属${mark}第${place}公司`, region: "330106" };
    ids.push((await call(admin, "POST", "/v1/customers", customer)).id);
  }
  if (ids.length > 0) await call(admin, "POST", "/v1/customers:assign", { ids, ownerId: person.id });
  return { ...person, mark, ids };
}

async function choosePerson(page, field, person) {
  await field.click();
  await field.fill(person.loginName);
  const unfolded = ".ant-select-dropdown:visible:not([class*='-enter'], [class*='-appear'])";
  await page.locator(`${unfolded} .ant-select-item-option`, { hasText: person.displayName }).click();
}

test("a pool is made for a group, says beforehand what its rule would take back, and is deleted", async (story) => {
  const admin = await openAs(story, "administrator", "/pool");
  const name = `杭州公海${stamp()}`;
  await admin.getByRole("button", { name: "管理公海" }).click();
  await admin.getByTestId("pools").getByText("公海", { exact: true }).waitFor();
  await admin.getByTestId("pools").getByRole("button", { name: "添加" }).click();
  const form = admin.getByTestId("pool-form");
  await form.getByLabel("中文名称").fill(name);
  await form.getByRole("combobox", { name: "员工组" }).fill("杭州组");
  await admin.locator(".ant-select-dropdown:visible .ant-select-tree-title", { hasText: "杭州组" }).click();
  await form.getByRole("button", { name: "添加规则" }).click();
  await form.getByLabel("多少天未联系").fill("1");
  await form.getByLabel("仅限符合条件的客户").fill("level = ");
  await form.getByRole("button", { name: "预览今天会回收多少客户" }).click();
  await form.locator(".ant-form-item-explain-error").first().waitFor();
  await picture(admin, "pool-rule-refused");
  await form.getByLabel("仅限符合条件的客户").fill('level != "vip"');
  await form.getByRole("button", { name: "预览今天会回收多少客户" }).click();
  await form.getByText(/今天将有 \d+ 位客户回到公海/).waitFor();
  assert.equal(await form.locator(".ant-form-item-explain-error").count(), 0);
  await picture(admin, "pool-form");
  await form.getByTestId("submit").click();
  await form.waitFor({ state: "detached" });
  const row = admin.getByTestId("pools").getByRole("listitem").filter({ hasText: name });
  await row.getByText("1 条回收规则").waitFor();
  await picture(admin, "pools");
  await row.getByRole("button", { name: `删除 ${name}` }).click();
  await admin.getByRole("tooltip").getByRole("button", { name: /确定|确 定/ }).click();
  await row.waitFor({ state: "detached" });
});

test("customers go back with a reason, are claimed by a colleague, and remember whose they were", async (story) => {
  const admin = await openAs(story, "administrator", "/");
  const groupId = await groupNamed(admin, "杭州组");
  const giver = await seller(admin, groupId, 3);
  const taker = await seller(admin, groupId, 0);

  const theirs = await openPage(story);
  await enter(theirs, giver, `/customers?filter=${encodeURIComponent("owner_id = me()")}`);
  await theirs.getByTestId("customers").getByText(`归属${giver.mark}第3公司`).waitFor();
  await theirs.getByTestId("customers").getByRole("checkbox").first().check();
  await theirs.getByTestId("bulk-bar").getByRole("button", { name: "退回公海" }).click();
  const form = theirs.getByTestId("return-form");
  await form.getByText("将选中的 3 位客户退回公海？").waitFor();
  await form.getByTestId("submit").click();
  await form.locator(".ant-form-item-explain-error").first().waitFor();
  await choose(theirs, form.getByRole("combobox", { name: "退回原因" }), "联系不上");
  await picture(theirs, "return-several");
  await form.getByTestId("submit").click();
  await theirs.getByText("已退回 3 位客户").waitFor();

  const others = await openPage(story);
  await enter(others, taker, "/pool");
  const rows = others.getByTestId("customers").locator("tbody tr.ant-table-row", { hasText: giver.mark });
  await rows.nth(2).waitFor();
  for (const place of [0, 1]) await rows.nth(place).getByRole("checkbox").check();
  await picture(others, "pool-selected");
  await others.getByTestId("claim-selected").click();
  await others.getByText("已领取 2 位客户").waitFor();
  const { customers } = await call(others, "GET", `/v1/customers?filter=${encodeURIComponent("owner_id = me()")}`);
  assert.equal(customers.length, 2);

  await others.goto(`/customers/${customers[0].id}`);
  const history = others.getByTestId("ownership");
  await history.getByText("联系不上").waitFor();
  await history.getByText(giver.displayName).first().waitFor();
  await history.getByText("至今").waitFor();
  await others.getByText("退回原因").waitFor();
  assert.equal(await others.getByText("reason_code").count(), 0);
  await picture(others, "ownership");
});

test("a leaver's customers go to colleagues by a share each, with a report, and come back", async (story) => {
  const admin = await openAs(story, "administrator", "/employees");
  const groupId = await groupNamed(admin, "杭州组");
  const leaver = await seller(admin, groupId, 5);
  const [first, second] = [await seller(admin, groupId, 0), await seller(admin, groupId, 0)];
  const owned = async (person) => (await call(admin, "GET", `/v1/customers?filter=${encodeURIComponent(`owner_id = "${person.id}"`)}`)).customers.length;

  const row = await employeeFound(admin, leaver.loginName);
  await pick(admin, row.getByRole("button", { name: `${leaver.displayName} 的操作` }), "移交客户");
  await admin.waitForURL("**/handovers?from=*");
  const form = admin.getByTestId("handover-form");
  await form.getByText("将移交 5 位客户、0 项计划").waitFor();
  await choosePerson(admin, form.getByRole("combobox", { name: "接收人" }).first(), first);
  await form.getByRole("button", { name: "添加接收人" }).click();
  await choosePerson(admin, form.getByRole("combobox", { name: "接收人" }).nth(1), second);
  await form.getByLabel("份额").first().fill("4");
  await form.getByLabel("原因").fill("离职");
  await picture(admin, "handover-form");
  await form.getByTestId("submit").click();
  await form.waitFor({ state: "detached" });

  const card = admin.getByTestId("handover").filter({ hasText: leaver.displayName });
  await card.getByText("已完成").waitFor();
  await card.getByText(`4 位客户 → ${first.displayName}`).waitFor();
  await card.getByText(`1 位客户 → ${second.displayName}`).waitFor();
  assert.deepEqual([await owned(leaver), await owned(first), await owned(second)], [0, 4, 1]);
  await picture(admin, "handovers");
  const [report] = await Promise.all([admin.waitForEvent("download"), card.getByRole("button", { name: "下载报告" }).click()]);
  assert.match(report.suggestedFilename(), /\.xlsx$/);

  await card.getByRole("button", { name: "撤销移交" }).click();
  await admin.getByRole("tooltip").getByRole("button", { name: /确定|确 定/ }).click();
  await card.getByText("已撤销").waitFor();
  assert.deepEqual([await owned(leaver), await owned(first), await owned(second)], [5, 0, 0]);
  await picture(admin, "handover-undone");
});

test("a pool is claimed from on a phone", async (story) => {
  const admin = await openAs(story, "administrator", "/");
  const groupId = await groupNamed(admin, "杭州组");
  const giver = await seller(admin, groupId, 1);
  await call(admin, "POST", "/v1/customers:assign", { ids: giver.ids, ownerId: "" });
  const theirs = await openPage(story, { viewport: phone });
  await enter(theirs, giver, "/pool");
  const name = `归属${giver.mark}第1公司`;
  await theirs.getByRole("button", { name: `领取 ${name}` }).click();
  await theirs.getByText(`已领取 ${name}`).waitFor();
  await picture(theirs, "phone-pool-claimed");
});
