import assert from "node:assert/strict";
import { test } from "node:test";
import { openAs, picture, stamp } from "../support/browser.mjs";
import { call } from "../support/calls.mjs";

const code = () => `s${stamp()}`.toLowerCase().replace(/[^a-z0-9]/g, "").slice(0, 24);

async function option(page, field, text) {
  await field.click();
  await field.fill(text);
  await page.locator(".ant-select-dropdown:visible .ant-select-item-option", { hasText: text }).first().click();
}

async function customerNamed(admin, name, more = {}) {
  return call(admin, "POST", "/v1/customers", { kind: "CUSTOMER_KIND_ORGANIZATION", name, ...more });
}

test("a tag is made, put on selected customers, shown in its colour, and taken back", async (story) => {
  const admin = await openAs(story, "administrator", "/tags");
  const [tag, name] = [code(), `高尔夫${stamp()}`];
  await admin.getByTestId("add-tag").click();
  const form = admin.getByTestId("entry-form");
  await form.getByLabel("代码").fill(tag);
  await form.getByLabel("中文名称").fill(name);
  await form.getByRole("radio", { name: "gold" }).click();
  await form.getByTestId("submit").click();
  await admin.getByTestId(`tag-${tag}`).getByText(name).waitFor();
  await picture(admin, "tags");

  const company = `标签${stamp()}公司`;
  const customer = await customerNamed(admin, company);
  await admin.goto(`/customers?filter=${encodeURIComponent(`name = "${company}"`)}`);
  await admin.getByTestId("customers").getByText(company).waitFor();
  await admin.getByTestId("customers").getByRole("checkbox").first().check();
  await admin.getByTestId("bulk-tag").click();
  const dialog = admin.getByRole("dialog");
  await option(admin, dialog.getByRole("combobox", { name: "添加标签" }), name);
  await dialog.getByRole("button", { name: /保\s?存/ }).click();
  await admin.getByText("已更新 1 位客户的标签").waitFor();

  await admin.goto(`/customers/${customer.id}`);
  await admin.getByTestId("tags").getByText(name).waitFor();
  await picture(admin, "customer-tags");
  const { customers } = await call(admin, "GET", `/v1/customers?filter=${encodeURIComponent(`tags : ${tag}`)}`);
  assert.deepEqual(customers.map((found) => found.name), [company]);
});

test("rules are drafted, previewed and published; a grade set by hand is seen with its history", async (story) => {
  const admin = await openAs(story, "administrator", "/grades");
  const [scheme, name] = [code(), `服务等级${stamp()}`];
  await admin.getByTestId("add-scheme").click();
  const made = admin.getByTestId("scheme-form");
  await made.getByLabel("方案代码").fill(scheme);
  await made.getByLabel("中文名称").fill(name);
  await made.getByTestId("submit").click();
  await admin.getByTestId(`scheme-${scheme}`).waitFor();
  for (const [grade, title, color] of [["gold", "金牌", "gold"], ["plain", "普通服务", "blue"]]) {
    await call(admin, "POST", `/v1/dictionaries/${scheme}/entries`, { code: grade, nameZh: title, color });
  }
  const company = `分级${stamp()}公司`;
  const customer = await customerNamed(admin, company);

  await admin.reload();
  await admin.getByTestId(`rules-${scheme}`).click();
  const form = admin.getByTestId("rules-form");
  await form.getByTestId("add-rule").click();
  await option(admin, form.getByRole("combobox", { name: "等级" }).first(), "金牌");
  await form.getByRole("textbox", { name: /条件/ }).fill(`name = "${company}" AND nothing = 1`);
  await form.getByTestId("preview-rules").click();
  await form.locator(".ant-form-item-explain-error").first().waitFor();
  await form.getByRole("textbox", { name: /条件/ }).fill(`name = "${company}"`);
  await option(admin, form.getByRole("combobox", { name: "其余客户" }), "普通服务");
  await form.getByTestId("preview-rules").click();
  await form.getByTestId("moves").getByText("金牌").waitFor();
  await picture(admin, "grade-preview");
  await form.getByTestId("publish-rules").click();
  await admin.getByRole("dialog").getByRole("button", { name: /发\s?布/ }).last().click();
  await admin.getByTestId(`scheme-${scheme}`).getByText("第 1 版").waitFor();
  await admin.getByTestId(`scheme-${scheme}`).getByText("已更新全部客户").waitFor({ timeout: 60_000 });
  await picture(admin, "grades");

  await admin.goto(`/customers/${customer.id}`);
  const row = admin.getByTestId(`grade-${scheme}`);
  await row.getByText("金牌").waitFor();
  await row.getByRole("button", { name: /人工设定/ }).click();
  const setting = admin.getByTestId("grade-form");
  await option(admin, setting.getByRole("combobox", { name: "等级" }), "普通服务");
  await setting.getByLabel("原因").fill("客户主动降级");
  await setting.getByTestId("submit").click();
  await row.getByText("客户主动降级").waitFor();
  await admin.getByTestId("grade-history").getByText("第 1 版").waitFor();
  await picture(admin, "customer-grades");
});

test("somebody warns that a customer may leave, and the case is reprieved and closed", async (story) => {
  const admin = await openAs(story, "administrator", "/");
  const company = `预警${stamp()}公司`;
  const customer = await customerNamed(admin, company);
  await admin.goto(`/customers/${customer.id}`);
  await admin.getByTestId("warn").click();
  const form = admin.getByTestId("churn-form");
  await form.getByLabel("预警原因").fill("三个月没有下单");
  await form.getByTestId("submit").click();
  await admin.getByTestId("churn-case").getByText("三个月没有下单").waitFor();

  await admin.goto("/churn?show=mine");
  const line = admin.getByTestId("churn-cases").getByText(company);
  await line.waitFor();
  await admin.getByTitle(`暂缓 ${company}`).click();
  const plan = admin.getByTestId("reprieve-form");
  await plan.getByLabel("措施").fill("上门拜访");
  await plan.getByTestId("submit").click();
  await admin.getByTestId("churn-cases").getByText("上门拜访").first().waitFor();
  await picture(admin, "churn");
  await admin.getByTitle(`已挽留 ${company}`).click();
  await admin.getByRole("dialog").getByRole("button", { name: "已挽留" }).click();
  await line.waitFor({ state: "detached" });
  await admin.goto("/churn?show=ended");
  await admin.getByTestId("churn-cases").getByText(company).waitFor();
});
