import assert from "node:assert/strict";
import { test } from "node:test";
import { choose, enter, openAs, openPage, picture, signOut, stamp, whoIsHere } from "../support/browser.mjs";
import { call, hire, presetRole } from "../support/calls.mjs";
import { namedUrl } from "../support/product.mjs";
import { openProvider } from "../support/provider.mjs";

const signOnButton = (page, name) => page.getByTestId("sign-on").filter({ hasText: name });

/** Signs out here and, as the provider asks to, there. */
async function signOutEverywhere(page) {
  await signOut(page);
  await page.getByRole("button", { name: "Yes, sign me out" }).click();
  await page.waitForURL(`${namedUrl}/sign-in`);
}

async function dropProvider(admin, name) {
  const { identityProviders } = await call(admin, "GET", "/v1/identityProviders?pageSize=200");
  for (const { id, etag } of identityProviders.filter((provider) => provider.name === name)) {
    await call(admin, "DELETE", `/v1/identityProviders/${id}?etag=${encodeURIComponent(etag)}`);
  }
}

test("a provider that is set up brings newcomers in with their roles, and finds those who are here by their e-mail", async (story) => {
  const provider = await openProvider(story);
  const admin = await openAs(story, "administrator", "/identity-providers", { origin: namedUrl });
  const name = `统一身份 ${stamp()}`;
  await admin.getByTestId("create-provider").click();
  const form = admin.getByTestId("provider-form");
  await form.getByLabel("名称").fill(name);
  await form.getByLabel("颁发者地址").fill(provider.issuer);
  await form.getByLabel("客户端 ID").fill(provider.clientId);
  await form.getByLabel("客户端密钥").fill(provider.clientSecret);
  await choose(admin, form.getByLabel("请求的范围"), "groups");
  await admin.keyboard.press("Escape");
  await form.locator("#createEmployees").click();
  await form.locator("#trustEmail").click();
  await form.getByLabel("新员工所属组").fill("市场部");
  await admin.locator(".ant-select-dropdown:visible .ant-select-tree-title", { hasText: "市场部" }).click();
  await form.getByLabel("组声明").fill("groups");
  await form.getByRole("button", { name: "添加对应关系" }).click();
  await form.getByLabel("对方的组").fill("crm-sales");
  await choose(admin, form.getByRole("combobox", { name: "角色" }), "销售");
  await picture(admin, "provider-form");
  await admin.getByTestId("submit").click();
  await admin.getByTestId("providers").locator(".ant-card", { hasText: name }).waitFor();

  const page = await openPage(story, { origin: namedUrl });
  const [first, second] = ["来宾甲", "来宾乙"].map((displayName) => `${displayName}${stamp()}`);
  await provider.present({ sub: stamp(), name: first, preferred_username: `guest.${stamp()}`, groups: ["crm-sales", "other"] });
  await page.goto("/customers");
  await page.waitForURL("**/sign-in?next=**");
  await signOnButton(page, name).waitFor();
  await picture(page, "sign-in-with-provider");
  await signOnButton(page, name).click();
  // Back to where one wanted to go.
  await page.waitForURL(`${namedUrl}/customers`);
  await whoIsHere(page, first);
  await page.goto("/profile");
  await page.getByText("销售", { exact: true }).waitFor();
  await page.getByText(`${first} · 市场部`).waitFor();

  // The provider has forgotten who was there, so the next person is somebody else.
  await signOut(page);
  await page.getByRole("button", { name: "Yes, sign me out" }).waitFor();
  await picture(page, "provider-sign-out");
  await page.getByRole("button", { name: "Yes, sign me out" }).click();
  await page.waitForURL(`${namedUrl}/sign-in`);
  await provider.present({ sub: stamp(), name: second, preferred_username: `guest.${stamp()}`, groups: [] });
  await signOnButton(page, name).click();
  await whoIsHere(page, second);
  await signOutEverywhere(page);

  const email = `known.${stamp()}@example.com`;
  const known = await hire(admin, { displayName: `老员工${stamp()}`, email });
  await provider.present({ sub: stamp(), name: "另一个名字", email, email_verified: true });
  await signOnButton(page, name).click();
  await whoIsHere(page, known.displayName);

  await dropProvider(admin, name);
});

test("an identity is linked and unlinked in the profile, and a stranger is refused in words", async (story) => {
  const provider = await openProvider(story);
  const admin = await openAs(story, "administrator", "/", { origin: namedUrl });
  const name = `合作方 ${stamp()}`;
  const { issuer, clientId, clientSecret } = provider;
  await call(admin, "POST", "/v1/identityProviders", { name, issuer, clientId, clientSecret, scopes: ["profile", "email"], enabled: true });
  const person = await hire(admin, { displayName: `周链接${stamp()}`, roleIds: [await presetRole(admin, "salesperson")] });
  const email = `someone.${stamp()}@partner.example`;
  await provider.present({ sub: stamp(), name: "外面的名字", email, email_verified: true });

  const page = await openPage(story, { origin: namedUrl });
  await page.goto("/sign-in");
  await signOnButton(page, name).click();
  await page.getByTestId("sign-on-failed").getByText("该身份未关联任何员工").waitFor();
  await picture(page, "sign-on-refused");
  await page.getByRole("button", { name: "返回登录" }).click();

  await enter(page, person, "/profile?tab=security");
  const links = page.getByTestId("sign-on-links");
  await links.getByRole("button", { name: `关联 ${name}` }).click();
  await page.waitForURL("**/profile?tab=security");
  await links.getByText(email).waitFor();
  await picture(page, "sign-on-links");

  // This session began with a password: the provider has nothing to end.
  await signOut(page);
  await page.waitForURL("**/sign-in");
  await signOnButton(page, name).click();
  await whoIsHere(page, person.displayName);

  await page.goto("/profile?tab=security");
  await links.getByRole("button", { name: "移除" }).click();
  await page.locator(".ant-popconfirm:visible").getByRole("button").last().click();
  await page.getByText("关联已解除").waitFor();
  await links.getByText("还没有关联账号").waitFor();
  await signOutEverywhere(page);
  await signOnButton(page, name).click();
  await page.getByTestId("sign-on-failed").waitFor();

  await dropProvider(admin, name);
});

test("what comes back in the address is never shown as our own words", async (story) => {
  const page = await openPage(story, { origin: namedUrl });
  await page.goto("/sign-on/callback?error=access_denied&error_description=Call%20555-0199&state=x");
  await page.getByTestId("sign-on-failed").getByText("对方没有同意登录").waitFor();
  assert.equal(await page.getByText("555-0199").count(), 0);
});
