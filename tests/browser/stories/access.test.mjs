// Who sees what: roles for chosen groups, shares that end, and the explanation of both.
import assert from "node:assert/strict";
import { test } from "node:test";
import { employeeFound, enter, openAs, openPage, pick, picture, stamp } from "../support/browser.mjs";
import { call, groupNamed, hire, presetRole } from "../support/calls.mjs";

/** Asks in the customer's menu what a colleague may do with it. */
async function explain(page, name) {
  await pick(page, page.getByTestId("customer-menu"), "谁能看到？");
  const drawer = page.getByTestId("access");
  await drawer.locator("#access-person").fill(name);
  await page.locator(".ant-select-dropdown:visible .ant-select-item-option", { hasText: name }).click();
  return drawer.getByTestId("access-decisions").filter({ hasText: name });
}

async function closeDrawer(page) {
  await page.keyboard.press("Escape");
  await page.getByTestId("access").waitFor({ state: "hidden" });
}

test("a customer that is shared until a day is seen until the share ends, and the explanation says so", async (story) => {
  const admin = await openAs(story, "administrator", "/customers?filter=owner_id%3A*&order=number");
  const person = await hire(admin, { displayName: `尤共享${stamp()}`, roleIds: [await presetRole(admin, "salesperson")] });
  await admin.getByTestId("customers").getByRole("link").first().click();
  await admin.getByTestId("details").waitFor();
  const customer = new URL(admin.url()).pathname;
  const before = await explain(admin, person.displayName);
  await before.getByText(`${person.displayName} 看不到此客户`).waitFor();
  await before.getByText("数据范围是本人，不包含此记录").first().waitFor();
  await picture(admin, "access-refused");
  await closeDrawer(admin);

  const theirs = await openPage(story);
  await enter(theirs, person, customer);
  await theirs.getByText("记录不存在，或您无权查看").waitFor();

  await admin.getByTestId("shares").getByRole("button", { name: "添加" }).click();
  const form = admin.getByRole("dialog").filter({ hasText: "共享客户" });
  await form.getByLabel("员工", { exact: true }).last().fill(person.displayName);
  await admin.locator(".ant-select-dropdown:visible .ant-select-item-option", { hasText: person.displayName }).click();
  const day = `${new Date().getFullYear() + 1}-03-01`;
  await form.getByLabel("到期日").fill(day);
  await admin.locator(`.ant-picker-dropdown:visible td[title="${day}"]`).click();
  await picture(admin, "share-form");
  await form.getByTestId("submit").click();
  const share = admin.getByTestId("shares").getByRole("listitem").filter({ hasText: person.displayName });
  await share.getByText(`${day} 23:59`).waitFor();

  const after = await explain(admin, person.displayName);
  await after.getByText(`${person.displayName} 可以看到此客户`).waitFor();
  await after.getByText(`此记录已共享给本人，至 ${day} 23:59`).first().waitFor();
  await picture(admin, "access-shared");
  await closeDrawer(admin);
  await theirs.reload();
  await theirs.getByTestId("details").waitFor();
  await picture(theirs, "shared-with-me");

  await share.getByRole("button", { name: `结束对 ${person.displayName} 的共享` }).click();
  await admin.locator(".ant-popconfirm:visible").getByRole("button").last().click();
  await share.waitFor({ state: "detached" });
  await theirs.reload();
  await theirs.getByText("记录不存在，或您无权查看").waitFor();
});

/** Adds a group to the chosen ones of a permission. */
async function chooseGroup(page, permission, name) {
  await page.getByRole("combobox", { name: `${permission}的指定组` }).fill(name);
  await page.locator(".ant-select-dropdown:visible .ant-select-tree-title", { hasText: name }).click();
  await page.keyboard.press("Escape");
}

async function groupsSeen(page) {
  const { customers } = await call(page, "GET", "/v1/customers?pageSize=200");
  return [...new Set(customers.map(({ groupName }) => groupName))].sort();
}

test("a role for chosen groups opens these and no others, and its change says beforehand what it does", async (story) => {
  const admin = await openAs(story, "administrator", "/roles");
  const name = `区域观察${stamp()}`;
  await admin.getByTestId("create-role").click();
  const editor = admin.getByTestId("role-editor");
  await editor.locator("#role-name").fill(name);
  await editor.getByRole("radio", { name: "查看客户: 指定组", exact: true }).check();
  await editor.getByText("请至少选择一个员工组").waitFor();
  assert.ok(await editor.getByTestId("submit").isDisabled());
  await chooseGroup(admin, "查看客户", "杭州组");
  await picture(admin, "role-chosen-groups");
  await editor.getByTestId("submit").click();
  await admin.getByTestId("role-matrix").getByRole("button", { name }).waitFor();

  const { roles } = await call(admin, "GET", "/v1/roles?pageSize=200");
  const groupId = await groupNamed(admin, "广州组");
  const person = await hire(admin, { displayName: `关察${stamp()}`, roleIds: [roles.find((role) => role.name === name).id], groupId });
  const theirs = await openPage(story);
  await enter(theirs, person, "/customers");
  await theirs.getByTestId("customers").waitFor();
  assert.deepEqual(await groupsSeen(theirs), ["杭州组"]);

  await admin.goto("/roles");
  await admin.getByTestId("role-matrix").getByRole("button", { name }).click();
  await chooseGroup(admin, "查看客户", "上海组");
  const effect = editor.getByTestId("role-effect");
  await effect.getByText("增加 1 个组").waitFor();
  await editor.getByText("保存后，1 名持有人的权限将变为").waitFor();
  await picture(admin, "role-effect");
  await editor.getByTestId("submit").click();
  await editor.waitFor({ state: "detached" });

  await admin.goto("/employees");
  const row = await employeeFound(admin, person.loginName);
  await pick(admin, row.getByRole("button", { name: `${person.displayName} 的操作` }), "查看权限");
  const drawer = admin.getByTestId("access");
  await drawer.getByText("所属组：广州组").waitFor();
  await drawer.getByText(/(杭州组、上海组|上海组、杭州组)/).first().waitFor();
  await drawer.getByText(name).first().waitFor();
  await picture(admin, "employee-access-chosen");
  await theirs.reload();
  await theirs.getByTestId("customers").waitFor();
  assert.deepEqual(await groupsSeen(theirs), ["上海组", "杭州组"].sort());
});
