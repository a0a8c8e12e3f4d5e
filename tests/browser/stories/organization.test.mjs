import assert from "node:assert/strict";
import { test } from "node:test";
import { choose, employeeFound, enter, openAs, openPage, pick, picture, stamp } from "../support/browser.mjs";

test("an employee is created, signs in with the password that was shown once, and is disabled", async (story) => {
  const page = await openAs(story, "administrator", "/employees");
  await page.getByTestId("create-employee").click();
  const loginName = `wang.${stamp()}`;
  const form = page.getByRole("dialog");
  await form.getByLabel("姓名").fill("王新");
  await form.getByLabel("登录名").fill(loginName);
  await choose(page, form.getByLabel("角色"), "销售");
  await page.keyboard.press("Escape");
  await page.getByTestId("submit").click();
  const password = await page.getByTestId("initial-password").innerText();
  await picture(page, "initial-password");
  await page.getByTestId("secret-close").click();

  const theirs = await openPage(story);
  await enter(theirs, { loginName, password: password.trim() });
  await theirs.waitForURL("**/change-password**");

  const row = await employeeFound(page, loginName);
  await pick(page, row.getByRole("button", { name: "王新 的操作" }), "停用");
  await page.getByRole("dialog").getByRole("button", { name: "停用" }).click();
  await row.getByText("已停用").waitFor();
  await theirs.reload();
  await theirs.waitForURL("**/sign-in**");
});

test("a group is created with ungrouped employees, shown in the chart, and deleted", async (story) => {
  const page = await openAs(story, "administrator", "/groups");
  await page.getByTestId("group-tree").getByText("市场部").click();
  await page.getByTestId("create-group").click();
  const name = `渠道组${stamp()}`;
  await page.getByLabel("名称").fill(name);
  await page.getByRole("dialog").getByLabel("加入未分组员工").click();
  const joining = page.locator(".ant-select-dropdown:visible .ant-select-item-option").first();
  const member = (await joining.innerText()).replace(/ \(.*/, "");
  await joining.click();
  await page.keyboard.press("Escape");
  await page.getByTestId("submit").click();
  await page.getByTestId("group-tree").getByText(name).waitFor();

  await page.getByText("结构图").click();
  const box = page.getByTestId("group-chart").getByRole("button", { name: new RegExp(name) });
  await box.hover();
  await page.locator(".ant-popover:visible").getByText(member).waitFor();
  await picture(page, "groups-chart");
  await box.click();
  const card = page.getByTestId("group-card");
  await card.getByRole("button", { name: "删除" }).click();
  const question = page.getByRole("dialog");
  await question.getByText("组内 1 名员工将变为未分组").waitFor();
  await question.getByRole("button", { name: "删除" }).click();
  await box.waitFor({ state: "detached" });
});

test("a role is put together in the matrix and deleted again", async (story) => {
  const page = await openAs(story, "administrator", "/roles");
  await page.getByTestId("role-matrix").getByText("本组及下级").first().waitFor();
  await picture(page, "roles-matrix");
  await page.getByTestId("create-role").click();
  const name = `巡检${stamp()}`;
  await page.locator("#role-name").fill(name);
  await page.getByRole("radio", { name: "查看客户: 本组", exact: true }).check();
  await page.getByRole("radiogroup", { name: "电话" }).getByText("隐藏").click();
  await picture(page, "role-editor");
  await page.getByTestId("submit").click();
  await page.getByTestId("role-matrix").getByRole("button", { name }).click();
  await page.getByRole("radio", { name: "查看客户: 本组", exact: true }).and(page.locator(":checked")).waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "删除" }).click();
  await page.getByRole("dialog").last().getByRole("button", { name: "删除" }).last().click();
  await page.getByTestId("role-matrix").getByRole("button", { name }).waitFor({ state: "detached" });
});

test("the administrator role can't be weakened", async (story) => {
  const page = await openAs(story, "administrator", "/roles");
  await page.getByTestId("role-matrix").getByRole("button", { name: "管理员" }).click();
  await page.getByText("管理员角色始终拥有全部权限").waitFor();
  assert.ok(await page.locator("#role-name").isDisabled());
});

test("an entry and a field are added and are there in the customer's form at once", async (story) => {
  const page = await openAs(story, "administrator", "/dictionaries/level");
  await page.getByTestId("add-entry").click();
  const suffix = stamp();
  await page.getByLabel("代码").fill(`gold${suffix}`);
  await page.getByLabel("中文名称").fill(`金牌${suffix}`);
  await page.getByRole("radio", { name: "gold" }).click();
  await page.getByTestId("submit").click();
  await page.getByTestId("entries").getByText(`金牌${suffix}`).waitFor();
  await picture(page, "dictionary");

  await page.goto("/fields");
  await page.getByTestId("create-field").click();
  await page.getByLabel("中文名称").fill(`年预算${suffix}`);
  await page.getByLabel("字段名").fill(`budget_${suffix}`);
  await choose(page, page.getByRole("dialog").getByLabel("类型"), "小数");
  await page.getByTestId("submit").click();
  await page.getByTestId("fields").getByText(`custom.budget_${suffix}`).waitFor();
  await picture(page, "fields");

  await page.goto("/customers");
  await page.getByTestId("create-customer").click();
  const form = page.getByRole("dialog");
  const name = `杭州测试设备有限公司${suffix}`;
  await form.getByLabel("名称", { exact: true }).fill(name);
  await choose(page, form.getByLabel("级别"), `金牌${suffix}`);
  await form.getByLabel(`年预算${suffix}`).fill("120000.55");
  await picture(page, "customer-form");
  await page.getByTestId("submit").click();
  await page.waitForURL(/\/customers\/[0-9a-f-]{36}$/);
  await page.getByTestId("details").getByText("120000.55").waitFor();
  await page.getByTestId("details").getByText(`金牌${suffix}`).waitFor();

  // Taken out of use, the field vanishes; its value is kept.
  await page.goto("/fields");
  const row = page.getByTestId("fields").locator("tr", { hasText: `budget_${suffix}` });
  await row.getByRole("button", { name: "停用" }).click();
  await row.waitFor({ state: "detached" });
});

test("the regions open level by level", async (story) => {
  const page = await openAs(story, "administrator", "/dictionaries/region");
  const tree = page.getByTestId("entry-tree");
  const province = tree.locator(".ant-tree-treenode", { hasText: "浙江省" });
  await province.locator(".ant-tree-switcher").click();
  await tree.locator(".ant-tree-treenode", { hasText: "杭州市" }).locator(".ant-tree-switcher").click();
  await tree.getByText("西湖区").click();
  await page.getByText("330106").first().waitFor();
  await picture(page, "regions");
});
