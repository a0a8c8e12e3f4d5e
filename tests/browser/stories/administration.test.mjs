import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { test } from "node:test";
import { choose, openAs, pick, picture, stamp } from "../support/browser.mjs";
import { call } from "../support/calls.mjs";
import { baseUrl, someone } from "../support/product.mjs";

async function openFirstCustomer(page) {
  await page.getByTestId("customers").getByRole("link").first().click();
  await page.getByTestId("details").waitFor();
}

test("what was changed stands in the audit trail, with before and after", async (story) => {
  const page = await openAs(story, "administrator", "/customers?order=number");
  await openFirstCustomer(page);
  const remark = `审计 ${stamp()}`;
  await page.getByTestId("edit-customer").click();
  await page.locator("#remark").fill(remark);
  await page.getByTestId("submit").click();
  await page.getByTestId("details").getByText(remark).waitFor();

  await pick(page, page.getByTestId("customer-menu"), "操作日志");
  await page.waitForURL((url) => url.pathname === "/audit" && url.searchParams.has("record"));
  const latest = page.getByTestId("audit").locator("tbody tr.ant-table-row").first();
  await latest.getByText("修改", { exact: true }).click();
  const details = page.getByTestId("audit-details");
  await details.getByText(remark).waitFor();
  await details.getByText("备注").waitFor();
  await picture(page, "audit");

  await choose(page, page.getByTestId("audit-actions").getByRole("combobox"), "客户 · 分配");
  await page.waitForURL((url) => url.searchParams.get("action") === "customer.assigned");
  await page.getByTestId("audit").getByText(remark).waitFor({ state: "detached" });
  await page.goto("/audit");
  await page.getByTestId("audit").locator("tbody tr.ant-table-row").first().waitFor();
  const downloading = page.waitForEvent("download");
  await pick(page, page.getByTestId("export-audit"), "客户");
  const file = readFileSync(await (await downloading).path(), "utf8");
  assert.match(file, new RegExp(remark));
});

test("why a colleague may see a customer is told in sentences", async (story) => {
  const page = await openAs(story, "administrator", "/customers?filter=owner_id%3A*&order=number");
  await openFirstCustomer(page);
  await pick(page, page.getByTestId("customer-menu"), "谁能看到？");
  const decisions = page.getByTestId("access-decisions");
  // The owner comes first.
  await decisions.getByText(/可以看到此客户|看不到此客户/).waitFor();
  await decisions.getByText(/负责人：/).waitFor();
  await decisions.getByText(/角色“.+”|没有任何角色授予此权限/).first().waitFor();
  await picture(page, "access");
});

test("masked data are revealed for one view, and the audit trail knows", async (story) => {
  const admin = await openAs(story, "administrator", "/");
  const { loginName } = someone("marketer");
  const role = await call(admin, "POST", "/v1/roles", { name: `查看号码 ${stamp()}`, grants: [{ permission: "PERMISSION_CUSTOMERS_REVEAL", scope: "SCOPE_ALL" }] });
  const { employees } = await call(admin, "GET", `/v1/employees?query=${encodeURIComponent(loginName)}`);
  const marketer = employees.find((employee) => employee.loginName === loginName);
  await call(admin, "PATCH", `/v1/employees/${marketer.id}?updateMask=roleIds`, { roleIds: [...marketer.roleIds, role.id], etag: marketer.etag });

  const page = await openAs(story, "marketer", "/customers?order=number");
  await openFirstCustomer(page);
  const details = page.getByTestId("details");
  await details.getByText(/\d{3}\*+\d{4}/).first().waitFor();
  await details.getByTestId("reveal").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("原因").fill("客户要求回电");
  await dialog.getByRole("button", { name: "显示完整信息" }).click();
  await details.getByText("正在显示完整信息").waitFor();
  await details.getByText(/1\d{10}/).first().waitFor();
  await picture(page, "revealed");
  await details.getByTestId("reveal").click();
  await details.getByText(/\d{3}\*+\d{4}/).first().waitFor();

  await admin.goto("/audit?action=customer.revealed");
  await admin.getByTestId("audit").getByText(marketer.displayName).first().waitFor();
});

test("a parameter takes effect at once and goes back to its default", async (story) => {
  const page = await openAs(story, "administrator", "/parameters");
  const row = page.getByTestId("parameter-organization.support_contact");
  const contact = `信息部 ${stamp()}`;
  await row.getByRole("button", { name: "编辑" }).click();
  await page.getByTestId("parameter-form").getByLabel("值").fill(contact);
  await page.getByTestId("submit").click();
  await row.getByText(contact).waitFor();
  await picture(page, "parameters");
  await page.getByTestId("open-feedback").click();
  await page.getByTestId("feedback-box").getByText(contact).waitFor();
  await page.keyboard.press("Escape");
  await row.getByRole("button", { name: "恢复默认" }).click();
  await page.locator(".ant-popconfirm:visible").getByRole("button", { name: /确\s*定/ }).click();
  await row.getByText("默认值").waitFor();
});

test("feedback reaches who answers it, and the answer its author", async (story) => {
  const page = await openAs(story, "analyst", "/customers");
  const text = `希望列表能显示生日 ${stamp()}`;
  await page.getByTestId("open-feedback").click();
  const box = page.getByTestId("feedback-box");
  await box.getByText("建议", { exact: true }).click();
  await box.getByLabel("内容").fill(text);
  await page.getByTestId("send-feedback").click();
  await box.getByTestId("feedback-entry").filter({ hasText: text }).getByText("待处理").waitFor();

  const admin = await openAs(story, "administrator", "/feedback");
  const entry = admin.getByTestId("feedback").getByTestId("feedback-entry").filter({ hasText: text });
  await entry.getByRole("link", { name: "客户" }).waitFor();
  await picture(admin, "feedback");
  await entry.getByRole("button", { name: "回复" }).click();
  await admin.getByRole("dialog").getByLabel("回复").fill("可以在“列”中勾选生日");
  await admin.getByTestId("submit").click();
  await entry.waitFor({ state: "detached" });

  await page.reload();
  await page.getByTestId("open-feedback").click();
  await box.getByText("我的反馈").click();
  await box.getByText("可以在“列”中勾选生日").first().waitFor();
});

test("a service account calls with a key that was shown once, until the key is revoked", async (story) => {
  const page = await openAs(story, "administrator", "/service-accounts");
  await page.getByTestId("create-service-account").click();
  const name = `同步 ${stamp()}`;
  const form = page.getByTestId("service-account-form");
  await form.getByLabel("名称").fill(name);
  await choose(page, form.getByLabel("角色"), "市场");
  await page.keyboard.press("Escape");
  await page.getByTestId("submit").click();

  // The keys of a new account open by themselves.
  await page.getByTestId("create-key").click();
  const keyForm = page.getByTestId("key-form");
  await keyForm.getByLabel("用途").fill("夜间同步");
  await keyForm.getByTestId("submit").click();
  const key = (await page.getByTestId("api-key").innerText()).trim();
  assert.match(key, /^ck_/);
  await picture(page, "api-key");
  await page.getByTestId("secret-close").click();
  await page.getByText(key).waitFor({ state: "detached" });

  const status = async (path) => (await fetch(baseUrl + path, { headers: { Authorization: `Bearer ${key}` } })).status;
  assert.equal(await status("/v1/customers?pageSize=1"), 200);
  assert.equal(await status("/v1/employees"), 403);
  const keys = page.getByTestId("api-keys");
  await keys.getByText("有效").waitFor();
  await keys.getByRole("button", { name: "吊销密钥 夜间同步" }).click();
  await page.locator(".ant-popconfirm:visible").getByRole("button", { name: /确\s*定/ }).click();
  await keys.getByText("已吊销").waitFor();
  for (let tries = 0; tries < 20 && (await status("/v1/customers?pageSize=1")) === 200; tries += 1) await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(await status("/v1/customers?pageSize=1"), 401);
  await picture(page, "api-keys");
});

/** A server that takes webhooks, and answers the first with an error. */
async function receiver(story) {
  const taken = [];
  const server = createServer((request, response) => {
    request.setEncoding("utf8");
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      taken.push({ headers: request.headers, body });
      response.writeHead(taken.length === 1 ? 500 : 204).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  story.after(() => server.close());
  return { taken, url: `http://127.0.0.1:${server.address().port}/hook` };
}

test("a webhook shows its secret once and logs what came of a message, which is sent again", async (story) => {
  const { taken, url } = await receiver(story);
  const page = await openAs(story, "administrator", "/webhooks");
  await page.getByTestId("create-webhook").click();
  const form = page.getByTestId("webhook-form");
  const name = `订单系统 ${stamp()}`;
  await form.getByLabel("名称").fill(name);
  await form.getByLabel("地址").fill("https://169.254.169.254/latest");
  await form.getByLabel("事件").click();
  await page.locator(".ant-select-dropdown:visible").getByText("客户 · 全部").click();
  await page.keyboard.press("Escape");
  await page.getByTestId("submit").click();
  await form.locator(".ant-form-item-explain-error").first().waitFor();
  await picture(page, "webhook-refused");
  await form.getByLabel("地址").fill(url);
  await page.getByTestId("submit").click();
  const secret = (await page.getByTestId("webhook-secret").innerText()).trim();
  assert.match(secret, /^whsec_/);
  await page.getByTestId("secret-close").click();
  await page.waitForURL(/\/webhooks\/[0-9a-f-]{36}$/);

  await page.getByTestId("send-test").click();
  const delivery = page.getByTestId("delivery");
  await delivery.getByText("500").first().waitFor();
  await delivery.getByText("webhooks.test").first().waitFor();
  await picture(page, "webhook-delivery");
  await page.getByTestId("redeliver").click();
  await delivery.getByText("已送达").waitFor();
  assert.equal(taken.length, 2);
  assert.equal(taken[0].headers["webhook-id"], taken[1].headers["webhook-id"]);
  assert.equal(taken[0].body, taken[1].body);
  await page.keyboard.press("Escape");
  await page.getByTestId("deliveries").getByText("已送达").first().waitFor();

  await pick(page, page.getByTestId("webhook-menu"), "更换密钥");
  await page.getByRole("dialog").getByRole("button", { name: "更换密钥" }).click();
  assert.notEqual((await page.getByTestId("webhook-secret").innerText()).trim(), secret);
  await page.getByTestId("secret-close").click();
  await page.getByText("旧密钥失效时间").waitFor();
  await picture(page, "webhook");
  await pick(page, page.getByTestId("webhook-menu"), "删除");
  await page.getByRole("dialog").getByRole("button", { name: "删除" }).click();
  await page.waitForURL((url) => url.pathname === "/webhooks");
});

test("a provider of single sign-on is set up with its roles, and its secret is never shown", async (story) => {
  const page = await openAs(story, "administrator", "/identity-providers");
  await page.getByTestId("create-provider").click();
  const name = `企业登录 ${stamp()}`;
  const form = page.getByTestId("provider-form");
  await form.getByLabel("名称").fill(name);
  await form.getByLabel("颁发者地址").fill("https://sso.invalid/realms/changke");
  await form.getByLabel("客户端 ID").fill("changke");
  await form.getByLabel("客户端密钥").fill("top-secret-value");
  await form.getByLabel("组声明").fill("groups");
  await form.getByRole("button", { name: "添加对应关系" }).click();
  await form.getByLabel("对方的组").fill("sales");
  await choose(page, form.getByRole("combobox", { name: "角色" }), "销售");
  await page.locator("#enabled").click();
  await page.getByTestId("submit").click();
  const card = page.getByTestId("providers").locator(".ant-card", { hasText: name });
  await card.getByText("1 条角色对应").waitFor();
  await picture(page, "providers");
  await card.getByTitle(`编辑 ${name}`).click();
  assert.equal(await page.locator("#clientSecret").inputValue(), "");
  await page.getByRole("button", { name: "取消" }).click();
  await card.getByTitle(`删除 ${name}`).click();
  await page.getByRole("dialog").getByRole("button", { name: "删除" }).click();
  await card.waitFor({ state: "detached" });
});

test("every service tells how it is doing", async (story) => {
  const page = await openAs(story, "administrator", "/service-status");
  for (const service of ["identity", "customers", "reporting"]) {
    const card = page.getByTestId(`status-${service}`);
    await card.getByText("已连接").waitFor();
    assert.equal(await card.getByText("有故障").count(), 0, service);
  }
  await picture(page, "service-status");
});

test("a dictionary takes a sheet in, once it is sound", async (story) => {
  const page = await openAs(story, "administrator", "/dictionaries/region");
  const sheet = (text) => ({ name: "regions.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
  await page.getByTestId("import-dictionary").click();
  const drawer = page.getByTestId("dictionary-import");
  const code = `99${stamp()}`;
  await drawer.locator("input[type=file]").setInputFiles(sheet(`code,name_zh,parent_code\n${code},试验区,nowhere-${code}\n`));
  await drawer.getByText("表格有 1 处问题").waitFor();
  await picture(page, "dictionary-import");
  assert.ok(await page.getByTestId("import-entries").isDisabled());
  await drawer.locator("input[type=file]").setInputFiles(sheet(`code,name_zh\n${code},试验区\n`));
  await drawer.getByText("表格没有问题，可以导入").waitFor();
  await page.getByTestId("import-entries").click();
  await page.getByText("已新建 1 条，修改 0 条").waitFor();
});
