import assert from "node:assert/strict";
import { test } from "node:test";
import { call } from "../support/calls.mjs";
import { choose, openAs, picture, stamp } from "../support/browser.mjs";

test("a field is kept to a role and to its rules", async (story) => {
  const page = await openAs(story, "administrator", "/fields");
  const suffix = stamp();
  await page.getByTestId("create-field").click();
  const form = page.getByRole("dialog");
  await form.getByLabel("中文名称").fill(`成本${suffix}`);
  await form.getByLabel("字段名").fill(`cost_${suffix}`);
  await choose(page, form.getByLabel("类型"), "小数");
  await form.getByLabel("最大值").fill("1000");
  await choose(page, form.getByLabel("可见角色"), "管理员");
  await page.keyboard.press("Escape");
  await picture(page, "field-form");
  await page.getByTestId("submit").click();
  const row = page.getByTestId("fields").locator("tr", { hasText: `cost_${suffix}` });
  await row.getByText("… 至 1000").waitFor();
  await row.getByText("按角色").waitFor();

  await page.goto("/customers");
  await page.getByTestId("create-customer").click();
  await form.getByLabel("名称", { exact: true }).fill(`成本测试${suffix}`);
  await form.getByLabel(`成本${suffix}`).fill("2000");
  await page.getByTestId("submit").click();
  await form.getByText("不能大于 1000").waitFor();
  await form.getByLabel(`成本${suffix}`).fill("900");
  await page.getByTestId("submit").click();
  await page.waitForURL(/\/customers\/[0-9a-f-]{36}$/);
  await page.getByTestId("details").getByText("900").waitFor();

  // To everybody else it is not there.
  const marketer = await openAs(story, "marketer", "/");
  const { fields } = await call(marketer, "GET", "/v1/fields?pageSize=1000");
  assert.ok(!fields.some(({ key }) => key === `cost_${suffix}`));

  // A stricter rule says beforehand what breaks it.
  await page.goto("/fields");
  await row.getByRole("button", { name: "编辑" }).click();
  await form.getByLabel("最大值").fill("100");
  await page.getByTestId("field-preview").getByText("1 条有值的记录中有 1 条不符合规则").waitFor();
  await picture(page, "field-preview");
});

test("contacts have fields of their own", async (story) => {
  const page = await openAs(story, "administrator", "/fields");
  const suffix = stamp();
  await page.getByTestId("record-kind").getByText("联系人").click();
  await page.getByTestId("create-field").click();
  const form = page.getByRole("dialog");
  await form.getByLabel("中文名称").fill(`工号${suffix}`);
  await form.getByLabel("字段名").fill(`badge_${suffix}`);
  await choose(page, form.getByLabel("类型"), "整数");
  await form.getByLabel("建立索引").click();
  await page.getByTestId("submit").click();
  const row = page.getByTestId("fields").locator("tr", { hasText: `badge_${suffix}` });
  await row.getByText("已索引", { exact: true }).waitFor();
  await page.getByTestId("record-kind").getByText("客户").click();
  await row.waitFor({ state: "detached" });

  const customer = await call(page, "POST", "/v1/customers", { kind: "CUSTOMER_KIND_ORGANIZATION", name: `工号测试${suffix}` });
  await page.goto(`/customers/${customer.id}`);
  await page.getByTestId("add-contact").click();
  await form.getByLabel("姓名").fill("王芳");
  await form.getByLabel(`工号${suffix}`).fill("7391");
  await page.getByTestId("submit").click();
  await page.getByTestId("contacts").getByText(`工号${suffix}`).waitFor();
  await page.getByTestId("contacts").getByText("7391").waitFor();
  await picture(page, "contact-fields");
});
