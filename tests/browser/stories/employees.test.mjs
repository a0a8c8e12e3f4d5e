import assert from "node:assert/strict";
import { test } from "node:test";
import iconv from "iconv-lite";
import { employeeFound, enter, openAs, openPage, picture, stamp, whoIsHere } from "../support/browser.mjs";
import { hire, presetRole } from "../support/calls.mjs";
import { linkIn, mailTo } from "../support/mailbox.mjs";
import { workbook } from "../support/workbook.mjs";

const heads = ["登录名", "姓名", "邮箱", "电话", "员工组", "角色"];

const gbkFile = (rows) => iconv.encode([heads, ...rows].map((row) => row.join(",")).join("\r\n"), "gbk");

test("employees of a spreadsheet are checked, corrected, invited, and come in", async (story) => {
  const page = await openAs(story, "administrator", "/employees/import");
  const [zhao, qian] = [`zhao.${stamp()}`, `qian.${stamp()}`];
  const rows = [
    [zhao, "赵新", `${zhao}@example.com`, "13800138001", "杭州组", "销售"],
    [qian, "钱新", "", "13800138002", "销售中心/华东大区/上海组", "销售"],
  ];
  const wrong = rows.map((row) => [...row]);
  wrong[1][5] = "没有的角色";
  const chosen = page.locator("input[type=file]");
  await chosen.setInputFiles({ name: "员工.csv", mimeType: "text/csv", buffer: gbkFile(wrong) });
  const errors = page.getByTestId("row-errors");
  await errors.getByText("不存在名为 没有的角色 的角色").waitFor();
  assert.equal((await errors.locator("tbody tr.ant-table-row td").first().innerText()).trim(), "3");
  assert.ok(await page.getByTestId("create-employees").isDisabled());
  await picture(page, "employees-import-faulty");

  await page.getByRole("button", { name: "换一个文件" }).click();
  const type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
  await chosen.setInputFiles({ name: "员工.xlsx", mimeType: type, buffer: workbook([heads, ...rows]) });
  await page.getByTestId("rows-sound").waitFor();
  // An invitation needs an address in every row.
  await page.getByText("发送邀请邮件，由本人设置密码").click();
  await errors.getByText("该员工没有电子邮箱").waitFor();
  await page.getByRole("button", { name: "换一个文件" }).click();
  rows[1][2] = `${qian}@example.com`;
  await chosen.setInputFiles({ name: "员工.xlsx", mimeType: type, buffer: workbook([heads, ...rows]) });
  await page.getByTestId("rows-sound").waitFor();
  await page.getByTestId("create-employees").click();
  await page.getByTestId("rows-created").getByText("已创建 2 名员工").waitFor();
  await page.getByText("邀请邮件正在发出").waitFor();
  await picture(page, "employees-imported");

  await page.goto("/employees");
  const row = await employeeFound(page, qian);
  await row.getByText("上海组").waitFor();
  await row.getByText("销售").waitFor();

  const [invitation] = await mailTo(`${qian}@example.com`);
  const theirs = await openPage(story);
  await theirs.goto(linkIn(invitation));
  const password = "Lantern-7-riverbank";
  await theirs.locator("#newPassword").fill(password);
  await theirs.locator("#repeated").fill(password);
  await picture(theirs, "set-password");
  await theirs.getByTestId("set-password").click();
  await theirs.waitForURL("**/sign-in");
  // The login name is filled in already.
  assert.equal(await theirs.locator("#loginName").inputValue(), qian);
  await theirs.locator("#password").fill(password);
  await theirs.getByTestId("sign-in").click();
  await whoIsHere(theirs, "钱新");
});

/** A picture of one colour, as a file. */
async function plainPicture(page, color) {
  const address = await page.evaluate((color) => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [600, 400];
    const context = canvas.getContext("2d");
    context.fillStyle = color;
    context.fillRect(0, 0, canvas.width, canvas.height);
    return canvas.toDataURL("image/png");
  }, color);
  return { name: "me.png", mimeType: "image/png", buffer: Buffer.from(address.split(",")[1], "base64") };
}

/** Waits until the picture in `place` is there and shows a colour, told by its strongest channel. */
async function shows(place, channel) {
  const strongest = (image) => {
    if (!image.complete || image.naturalWidth === 0) return -1;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 1;
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0, 1, 1);
    const pixel = [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
    return pixel.indexOf(Math.max(...pixel));
  };
  while ((await place.locator("img").evaluate(strongest)) !== channel) await place.page().waitForTimeout(50);
}

const [red, , blue] = [0, 1, 2];

test("a picture shows wherever its person does, until it is replaced or removed", async (story) => {
  const admin = await openAs(story, "administrator");
  const person = await hire(admin, { displayName: "梅相", roleIds: [await presetRole(admin, "salesperson")] });
  const page = await openPage(story);
  await enter(page, person, "/profile");
  const header = page.getByTestId("user-menu");
  const chosen = page.locator("input[type=file]");
  await chosen.setInputFiles({ name: "notes.png", mimeType: "image/png", buffer: Buffer.from("not a picture") });
  await page.getByText("无法读取此图片，请换一张").waitFor();
  assert.equal(await page.getByText("无法连接服务器").count(), 0);
  assert.equal(await header.locator("img").count(), 0);

  const use = async (color) => {
    await chosen.setInputFiles(await plainPicture(page, color));
    await page.getByRole("dialog").getByRole("button", { name: "使用此头像" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
  };
  await use("#ff0000");
  await shows(header, red);
  await picture(page, "picture");

  let row;
  const look = async () => {
    await admin.goto("/employees");
    row = await employeeFound(admin, person.loginName);
  };
  await look();
  await shows(row, red);
  await picture(admin, "employees-picture");

  await use("#0000ff");
  await shows(header, blue);
  await look();
  await shows(row, blue);

  await page.getByRole("button", { name: "移除头像" }).click();
  await header.locator("img").waitFor({ state: "detached" });
  await look();
  await row.locator("img").waitFor({ state: "detached" });
});
