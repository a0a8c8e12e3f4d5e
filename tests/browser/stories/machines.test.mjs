import assert from "node:assert/strict";
import { test } from "node:test";
import { choose, openAs, picture, stamp } from "../support/browser.mjs";
import { call } from "../support/calls.mjs";
import { baseUrl } from "../support/product.mjs";

test("a directory is let in, does its work, and is followed by its keys and in the trail", async (story) => {
  const page = await openAs(story, "administrator", "/provisioning");
  const name = `目录 ${stamp()}`;
  const role = await call(page, "POST", "/v1/roles", { name, grants: [{ permission: "PERMISSION_PROVISIONING", scope: "SCOPE_ALL" }] });
  const account = await call(page, "POST", "/v1/serviceAccounts", { displayName: name, roleIds: [role.id] });
  const { key } = await call(page, "POST", `/v1/serviceAccounts/${account.id}/apiKeys`, { name });
  await page.reload();
  const client = page.getByTestId("scim-clients").getByRole("row", { name });
  await client.getByText("尚未使用").waitFor();

  // As the directory does, at the address that the screen tells.
  const address = await page.getByTestId("scim-address").innerText();
  assert.equal(address.trim(), `${new URL(baseUrl).origin}/scim/v2`);
  const created = await fetch(`${baseUrl}/scim/v2/Users`, {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/scim+json" },
    body: JSON.stringify({ schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"], userName: `scim-${stamp()}`, displayName: "韩梅梅", active: true }),
  });
  assert.equal(created.status, 201, await created.text());
  await page.reload();
  await client.getByText("尚未使用").waitFor({ state: "detached" });
  await page.getByTestId("audit").getByText(name).first().waitFor();
  await picture(page, "provisioning");

  await page.goto("/service-accounts");
  await page.getByRole("tab", { name: "全部 API 密钥" }).click();
  const listed = page.getByTestId("api-keys").getByRole("listitem").filter({ hasText: name });
  await listed.getByText("由", { exact: false }).first().waitFor();
  await picture(page, "all-api-keys");
  await listed.getByRole("button", { name: `吊销密钥 ${name}` }).click();
  await page.locator(".ant-popconfirm:visible").getByRole("button", { name: /确\s*定/ }).click();
  await listed.getByText("已吊销").waitFor();

  await page.goto("/audit");
  await choose(page, page.getByTestId("audit-actor-kind"), "服务账号");
  await choose(page, page.getByTestId("audit-account"), name);
  await page.waitForURL((url) => url.searchParams.get("actor") === account.id);
  await page.getByTestId("audit").getByText("新建").first().waitFor();
  await choose(page, page.getByTestId("audit-actor-kind"), "系统");
  await page.waitForURL((url) => url.searchParams.get("actorKind") === "ACTOR_KIND_UNSPECIFIED" && !url.searchParams.has("actor"));
  await page.getByTestId("audit").getByText(name).first().waitFor({ state: "detached" });
  await picture(page, "audit-by-kind");
});

test("a record tells who made it and who changed it last", async (story) => {
  const page = await openAs(story, "administrator", "/roles");
  const name = `留名 ${stamp()}`;
  await call(page, "POST", "/v1/roles", { name, grants: [] });
  await page.reload();
  await page.getByTestId("role-matrix").getByRole("button", { name }).click();
  await page.getByTestId("role-editor").getByTestId("authors").getByText(/由 .+ 创建于/).waitFor();
  await picture(page, "role-authors");
});
