// Calls of the API for what a story needs and isn't about.
import assert from "node:assert/strict";
import { stamp } from "./browser.mjs";
import { baseUrl } from "./product.mjs";

/** A call of the signed-in page. */
export async function call(page, method, path, body) {
  const answer = await page.evaluate(
    async ([method, path, body]) => {
      const csrf = /changke_csrf=([^;]*)/.exec(document.cookie)?.[1] ?? "";
      const headers = { "Content-Type": "application/json", "X-CSRF-Token": decodeURIComponent(csrf), "Idempotency-Key": crypto.randomUUID() };
      const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
      return { status: response.status, body: await response.json() };
    },
    [method, path, body],
  );
  return answered(answer, method, path);
}

/** A call without a browser. */
async function post(path, body, token) {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() };
  if (token) headers.Authorization = `Bearer ${token}`;
  const response = await fetch(baseUrl + path, { method: "POST", headers, body: JSON.stringify(body) });
  return answered({ status: response.status, body: await response.json() }, "POST", path);
}

function answered({ status, body }, method, path) {
  assert.ok(status < 300, `${method} ${path}: ${JSON.stringify(body)}`);
  return body;
}

/** The id of a role that came with the product. */
export async function presetRole(admin, preset) {
  const { roles } = await call(admin, "GET", "/v1/roles?pageSize=200");
  return roles.find((role) => role.preset === preset).id;
}

/** The id of a group of the demo company. */
export async function groupNamed(admin, name) {
  const { groups } = await call(admin, "GET", "/v1/groups?pageSize=1000");
  return groups.find((group) => group.name === name).id;
}

/** A new employee with a password of their own, for stories that would be in each other's way with the same person. */
export async function hire(admin, { displayName, roleIds = [], groupId = "", email = "" }) {
  const loginName = `hired.${stamp()}`;
  const { employee, initialPassword } = await call(admin, "POST", "/v1/employees", { loginName, displayName, roleIds, groupId, email });
  const password = "Lantern-7-riverbank";
  const { accessToken } = await post("/v1/sessions:signIn", { loginName, password: initialPassword });
  await post("/v1/profile:changePassword", { currentPassword: initialPassword, newPassword: password }, accessToken);
  return { id: employee.id, loginName, password, displayName };
}
