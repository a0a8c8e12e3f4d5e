import assert from "node:assert/strict";
import { test } from "node:test";
import { choose, fitsWidth, openAs, phone, picture, stamp } from "../support/browser.mjs";
import { call } from "../support/calls.mjs";

async function company(admin, name) {
  return (await call(admin, "POST", "/v1/customers", { kind: "CUSTOMER_KIND_ORGANIZATION", name })).id;
}

const relate = (admin, from, to, type, rest = {}) => call(admin, "POST", `/v1/customers/${from}/relations`, { relatedCustomerId: to, type: `RELATION_TYPE_${type}`, ...rest });

test("a relation is made, ends, and both customers remember it", async (story) => {
  const page = await openAs(story, "administrator", "/");
  const mark = stamp();
  const [insurer, agent] = [await company(page, `关系保险${mark}`), await company(page, `关系代理${mark}`)];
  await page.goto(`/customers/${insurer}`);
  const card = page.getByTestId("relations");
  await card.getByText("还没有关联客户").waitFor();
  await card.getByRole("button", { name: "添加" }).click();
  const form = page.getByTestId("relation-form");
  await form.getByLabel("关联客户").fill(`关系代理${mark}`);
  await page.locator(".ant-select-dropdown:visible .ant-select-item-option", { hasText: `关系代理${mark}` }).click();
  await choose(page, form.getByLabel(`对方是“关系保险${mark}”的`), "代理人");
  await form.getByLabel("开始日期").fill("2024-03-01");
  await form.getByLabel("开始日期").press("Tab");
  await picture(page, "relation-form");
  await page.getByTestId("submit").click();
  await card.getByText("2024-03-01 起").waitFor();

  await card.getByRole("button", { name: `修改与 关系代理${mark} 的关系` }).click();
  const day = form.getByLabel("结束日期");
  await day.fill("2024-02-01");
  await day.press("Tab");
  await page.getByTestId("submit").click();
  await form.getByText("结束日期早于开始日期。").waitFor();
  await day.fill("2025-06-30");
  await day.press("Tab");
  await page.getByTestId("submit").click();
  await form.waitFor({ state: "detached" });
  // What is over is out of the way.
  await card.getByText("还没有关联客户").waitFor();
  await card.getByRole("checkbox", { name: "含已结束" }).check();
  await card.getByText("已于 2025-06-30 结束").waitFor();
  await page.getByTestId("timeline").getByText("修改了关系").waitFor();
  await picture(page, "relation-ended");

  await page.goto(`/customers/${agent}`);
  await card.getByRole("checkbox", { name: "含已结束" }).check();
  await card.getByText("是其代理人").waitFor();
  await card.getByRole("button", { name: `解除与 关系保险${mark} 的关系` }).click();
  await page.getByRole("tooltip").getByRole("button", { name: /确定|确 定/ }).click();
  await card.getByText("还没有关联客户").waitFor();
});

test("who is connected to a customer, and through whom, is drawn", async (story) => {
  const page = await openAs(story, "administrator", "/");
  const mark = stamp();
  const ids = {};
  for (const name of ["集团", "华东", "华南", "工厂", "经销商", "前代理"]) ids[name] = await company(page, `图${mark}${name}`);
  await relate(page, ids.集团, ids.华东, "GROUP_COMPANY");
  await relate(page, ids.集团, ids.华南, "GROUP_COMPANY");
  await relate(page, ids.华东, ids.华南, "REFERRER");
  await relate(page, ids.华东, ids.工厂, "GROUP_COMPANY");
  await relate(page, ids.工厂, ids.经销商, "AGENT");
  await relate(page, ids.集团, ids.前代理, "AGENT", { validUntil: "2025-01-31" });
  await page.goto(`/customers/${ids.集团}`);
  await page.getByTestId("relations").getByRole("button", { name: "关系图" }).click();
  const drawer = page.getByTestId("relation-graph");
  const names = async () => (await drawer.getByTestId("related-customers").getByRole("link").allInnerTexts()).map((name) => name.replace(`图${mark}`, "")).sort();
  await drawer.getByRole("link", { name: `图${mark}工厂` }).waitFor();
  assert.deepEqual(await names(), ["华东", "华南", "工厂"].sort());
  await drawer.locator("[data-testid=chart][data-ready=true] canvas").waitFor();
  await drawer.getByText("3", { exact: true }).click();
  await drawer.getByRole("link", { name: `图${mark}经销商` }).waitFor();
  await drawer.getByRole("checkbox", { name: "含已结束" }).check();
  await drawer.getByRole("link", { name: `图${mark}前代理` }).waitFor();
  assert.deepEqual(await names(), ["华东", "华南", "工厂", "经销商", "前代理"].sort());
  await picture(page, "relation-graph");
  await drawer.getByRole("link", { name: `图${mark}工厂` }).click();
  await page.waitForURL((url) => url.pathname === `/customers/${ids.工厂}`);
});

test("a graph fits a phone, in the dark", async (story) => {
  const admin = await openAs(story, "administrator", "/");
  const mark = stamp();
  const [one, other] = [await company(admin, `手机${mark}一`), await company(admin, `手机${mark}二`)];
  await relate(admin, one, other, "HOUSEHOLD");
  const page = await openAs(story, "administrator", `/customers/${one}`, { viewport: phone, dark: true });
  await page.getByRole("tab", { name: "资料" }).click();
  await page.getByTestId("relations").getByRole("button", { name: "关系图" }).click();
  await page.getByTestId("relation-graph").getByRole("link", { name: `手机${mark}二` }).waitFor();
  await fitsWidth(page);
  await picture(page, "relation-graph-phone");
});
