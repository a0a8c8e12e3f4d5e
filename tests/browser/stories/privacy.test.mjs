import assert from "node:assert/strict";
import { test } from "node:test";
import { choose, fitsWidth, openAs, phone, picture, stamp } from "../support/browser.mjs";
import { call } from "../support/calls.mjs";

async function person(admin, name) {
  return (await call(admin, "POST", "/v1/customers", { kind: "CUSTOMER_KIND_PERSON", name, phone: "13812345678" })).id;
}

test("consent is recorded, and who must not be called is not called unawares", async (story) => {
  const page = await openAs(story, "administrator", "/");
  const id = await person(page, `隐私${stamp()}`);
  await page.goto(`/customers/${id}`);
  const card = page.getByTestId("consents");
  await card.getByText("尚未记录同意").waitFor();
  await card.getByTestId("record-consent").click();
  const form = page.getByTestId("consent-form");
  await choose(page, form.getByLabel("渠道"), "短信");
  await choose(page, form.getByLabel("来源"), "纸质签署");
  await form.getByLabel("证明编号或位置").fill("表 17");
  await picture(page, "consent-form");
  await page.getByTestId("submit").click();
  await card.getByTestId("consent").filter({ hasText: "短信 · 营销推广" }).getByText("已同意").waitFor();
  await page.getByTestId("timeline").getByText("记录了同意").waitFor();

  await card.getByTestId("ban").click();
  const ban = page.getByTestId("ban-form");
  await choose(page, ban.getByLabel("渠道"), "电话");
  await ban.getByLabel("原因").fill("投诉来电频繁");
  await page.getByTestId("submit").click();
  await card.getByTestId("contact-ban").getByText("投诉来电频繁").waitFor();
  await picture(page, "consents");
  await page.getByTestId("add-interaction").click();
  await page.getByTestId("ban-warning").getByText("投诉来电频繁").waitFor();
});

test("a copy of everything is made and fetched, and an erasure waits for somebody else", async (story) => {
  const page = await openAs(story, "administrator", "/");
  const name = `副本${stamp()}`;
  const id = await person(page, name);
  await page.goto(`/customers/${id}`);
  const card = page.getByTestId("privacy");
  await card.getByTestId("ask-export").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("原因").fill("本人来函");
  await dialog.getByRole("button", { name: "导出个人信息" }).click();
  const copy = card.getByTestId("privacy-request").filter({ hasText: "导出个人信息" });
  await copy.getByText("已完成").waitFor();
  const [file] = await Promise.all([page.waitForEvent("download"), copy.getByRole("button", { name: "下载" }).click()]);
  assert.match(file.suggestedFilename(), /\.zip$/);

  await card.getByTestId("ask-erasure").click();
  await dialog.getByLabel("原因").fill("本人要求");
  await dialog.getByRole("button", { name: "申请删除" }).click();
  await card.getByText("待审批").waitFor();
  assert.equal(await card.getByTestId("approve").count(), 0, "nobody approves what they asked for");
  await picture(page, "privacy");

  await page.goto("/privacy-requests");
  const listed = page.getByTestId("privacy-request").filter({ hasText: name }).filter({ hasText: "待审批" });
  await listed.waitFor();
  await picture(page, "privacy-requests");
  await listed.getByTestId("refuse").click();
  await dialog.getByLabel("原因").fill("身份未核实");
  await dialog.getByRole("button", { name: /^拒\s?绝$/ }).click();
  await page.getByTestId("privacy-request").filter({ hasText: name }).getByText("身份未核实").waitFor();
});

test("requests about personal data fit a phone, in the dark", async (story) => {
  const page = await openAs(story, "administrator", "/privacy-requests", { viewport: phone, dark: true });
  await page.getByRole("heading", { name: "隐私申请" }).waitFor();
  await fitsWidth(page);
  await picture(page, "privacy-requests-phone");
});
