// Files on a customer, recordings of its calls, and visits that were checked in.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { choose, fitsWidth, openAs, phone, picture, stamp } from "../support/browser.mjs";
import { call } from "../support/calls.mjs";
import { baseUrl } from "../support/product.mjs";

const image = (length) => Buffer.concat([Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"), Buffer.alloc(length, 7)]);

/** Seconds of a hum, as telephones record it. */
function sound(seconds) {
  const samples = 8000 * seconds;
  const wave = Buffer.alloc(44 + samples, 0x80);
  wave.write("RIFF", 0);
  wave.writeUInt32LE(36 + samples, 4);
  wave.write("WAVEfmt ", 8);
  wave.writeUInt32LE(16, 16);
  wave.writeUInt16LE(1, 20);
  wave.writeUInt16LE(1, 22);
  wave.writeUInt32LE(8000, 24);
  wave.writeUInt32LE(8000, 28);
  wave.writeUInt16LE(1, 32);
  wave.writeUInt16LE(8, 34);
  wave.write("data", 36);
  wave.writeUInt32LE(samples, 40);
  for (let place = 44; place < wave.length; place += 1) wave[place] = 128 + Math.round(60 * Math.sin(place / 6));
  return wave;
}

/** A customer of one's own, and its page. */
async function customerPage(story, options = {}) {
  const page = await openAs(story, "salesperson", "/customers", options);
  await page.getByTestId("menu").or(page.getByTestId("customers")).first().waitFor();
  const customer = await call(page, "POST", "/v1/customers", { kind: "CUSTOMER_KIND_ORGANIZATION", name: `附件客户 ${stamp()}` });
  return { page, customer };
}

test("files are attached, downloaded as they were, renamed and deleted", async (story) => {
  const { page, customer } = await customerPage(story);
  await page.goto(`/customers/${customer.id}`);
  const card = page.getByTestId("attachments");
  await card.getByText("还没有附件").waitFor();
  const content = image(400_000);
  const chooser = card.locator("input[type=file]");
  await chooser.setInputFiles([
    { name: "门店照片.png", mimeType: "image/png", buffer: content },
    { name: "说明.txt", mimeType: "text/plain", buffer: Buffer.from("说明") },
  ]);
  const rows = card.getByTestId("attachment");
  await rows.nth(1).waitFor();
  await picture(page, "attachments");

  const [saved] = await Promise.all([page.waitForEvent("download"), card.getByText("门店照片.png").click()]);
  assert.equal(saved.suggestedFilename(), "门店照片.png");
  assert.ok(readFileSync(await saved.path()).equals(content), "the same bytes");

  await card.getByLabel("重命名 说明.txt").click();
  const form = page.getByTestId("attachment-form");
  await form.locator("#name").fill("会议说明.txt");
  await form.getByTestId("submit").click();
  await card.getByText("会议说明.txt").waitFor();
  await page.getByTestId("timeline").getByText("修改了附件名称或说明").waitFor();

  await card.getByLabel("删除 会议说明.txt").click();
  await page.getByRole("dialog").getByRole("button", { name: /删\s?除/ }).click();
  await card.getByText("会议说明.txt").waitFor({ state: "detached" });
  assert.equal(await rows.count(), 1);
});

test("what is no file of a known type is refused, by its name here and by its content there", async (story) => {
  const { page, customer } = await customerPage(story);
  await page.goto(`/customers/${customer.id}`);
  const card = page.getByTestId("attachments");
  await card.getByText("还没有附件").waitFor();
  const chooser = card.locator("input[type=file]");
  await chooser.setInputFiles({ name: "工具.exe", mimeType: "application/octet-stream", buffer: Buffer.from("MZ") });
  await page.getByRole("alert").getByText("不支持扩展名为“exe”的文件。").waitFor();
  await chooser.setInputFiles({ name: "假.png", mimeType: "image/png", buffer: Buffer.from("<!DOCTYPE html><script>alert(1)</script>") });
  await page.getByRole("alert").getByText("不支持该类型的文件（text/html）。").waitFor();
  await chooser.setInputFiles({ name: "空.txt", mimeType: "text/plain", buffer: Buffer.alloc(0) });
  await page.getByRole("alert").getByText("文件为空。").waitFor();
  await card.getByText("还没有附件").waitFor();
});

test("the recording of a call is played in the timeline, from any place", async (story) => {
  const { page, customer } = await customerPage(story, { dark: true });
  const done = { type: "INTERACTION_TYPE_CALL", state: "INTERACTION_STATE_DONE", subject: "回访电话", occurTime: new Date().toISOString() };
  await call(page, "POST", `/v1/customers/${customer.id}/interactions`, done);
  await page.goto(`/customers/${customer.id}`);
  const entry = page.getByTestId("timeline-entry").filter({ hasText: "回访电话" });
  const chooser = entry.getByTestId("add-recording").locator("input[type=file]");
  await chooser.setInputFiles({ name: "通话.wav", mimeType: "audio/wav", buffer: sound(20) });
  await entry.getByLabel("播放 通话.wav").click();
  const player = entry.getByTestId("recording");
  await player.waitFor();
  await page.waitForFunction(() => document.querySelector("[data-testid=recording]")?.readyState >= 2);
  const length = await player.evaluate((audio) => audio.duration);
  assert.ok(Math.abs(length - 20) < 0.5, `${length} seconds`);
  const place = await player.evaluate(
    (audio) =>
      new Promise((resolve) => {
        audio.addEventListener("seeked", () => resolve(audio.currentTime), { once: true });
        audio.pause();
        audio.currentTime = 15;
      }),
  );
  assert.ok(Math.abs(place - 15) < 0.5, `at ${place}`);
  await entry.getByText("0:20").first().waitFor();
  await picture(page, "recording-dark");
});

test("a visit is checked in where the browser is", async (story) => {
  const { page, customer } = await customerPage(story, { viewport: phone });
  const planned = { type: "INTERACTION_TYPE_VISIT", state: "INTERACTION_STATE_PLANNED", subject: "上门拜访", occurTime: new Date(Date.now() + 3_600_000).toISOString() };
  await call(page, "POST", `/v1/customers/${customer.id}/interactions`, planned);
  await page.context().grantPermissions(["geolocation"], { origin: baseUrl });
  await page.context().setGeolocation({ latitude: 30.274151, longitude: 120.155147, accuracy: 12 });
  await page.goto(`/customers/${customer.id}`);
  const entry = page.getByTestId("timeline-entry").filter({ hasText: "上门拜访" });
  await entry.getByTestId("check-in").click();
  await entry.getByTestId("checked-in").getByText("30.27415，120.15515（误差 12 米）").waitFor();
  await fitsWidth(page);
  await picture(page, "check-in-phone");
  const { interactions } = await call(page, "GET", `/v1/customers/${customer.id}/interactions`);
  assert.ok(Math.abs(Date.parse(interactions[0].checkInTime) - Date.now()) < 60_000, "by the clock of the service");
});

test("who refuses the position is told what to do, and writes the place down", async (story) => {
  const { page, customer } = await customerPage(story);
  await page.goto(`/customers/${customer.id}`);
  await page.getByTestId("add-interaction").click();
  const form = page.getByTestId("interaction-form");
  await choose(page, form.getByRole("combobox").first(), "拜访");
  await form.locator("#subject").fill("拒绝定位的拜访");
  await form.getByTestId("check-in").click();
  await page.getByText("浏览器未提供您的位置。").waitFor();
  await form.locator("#place").fill("杭州文三路");
  await form.getByTestId("submit").click();
  const entry = page.getByTestId("timeline-entry").filter({ hasText: "拒绝定位的拜访" });
  await entry.getByText("杭州文三路").waitFor();
  assert.equal(await entry.getByTestId("checked-in").count(), 0);
});
