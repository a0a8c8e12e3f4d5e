// The story that the product is built for: a spreadsheet as Chinese Excel writes it becomes customers, found by
// initials and counted in a chart.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import iconv from "iconv-lite";
import { openAs, picture } from "../support/browser.mjs";

const stamp = String(Date.now()).slice(-8);
const phoneOf = (place) => `139${stamp.slice(-7)}${place}`;
const head = "客户名称,类型,手机,省市区,行业,级别,来源,生日,备注";

const rows = [
  `张三,个人,${phoneOf(1)},浙江省杭州市西湖区,,VIP,,1988年8月8日,第一批导入 ${stamp}`,
  `单田芳,个人,${phoneOf(2)},北京,,普通,,1990/1/5,`,
  `杭州晨光仪器有限公司${stamp},企业,0571-8888${stamp.slice(-4)},浙江/杭州,制造业,潜力,,,"逗号, 引号""和
换行"`,
  `李四,个人,not a phone,浙江省,,VIP,,1991-02-03,`,
  `,个人,${phoneOf(5)},浙江省,,VIP,,1991-02-03,没有名称`,
  `王五,个人,${phoneOf(6)},浙江省,,VIP,,2026-13-45,`,
];

const gbk = (lines) => iconv.encode([head, ...lines].join("\r\n") + "\r\n", "gbk");

async function upload(page, name, buffer) {
  await page.goto("/imports");
  await page.getByTestId("upload").waitFor({ state: "attached" });
  await page.getByTestId("upload").setInputFiles({ name, mimeType: "text/csv", buffer });
  await page.waitForURL(/\/imports\/[0-9a-f-]{36}$/);
}

async function figures(page) {
  const names = ["created", "updated", "unchanged", "skipped", "failed"];
  const values = await Promise.all(names.map((name) => page.getByTestId(`figure-${name}`).locator(".ant-statistic-content").innerText()));
  return Object.fromEntries(names.map((name, place) => [name, Number(values[place].replaceAll(/\D/g, ""))]));
}

async function compositionTotal(page) {
  await page.goto("/reports/composition?by=kind");
  await page.getByTestId("composition-total").waitFor();
  return Number((await page.getByTestId("composition-total").locator(".ant-statistic-content").innerText()).replaceAll(/\D/g, ""));
}

test("a GBK file with faults is imported, corrected, imported again, found and counted", async (story) => {
  const page = await openAs(story, "administrator", "/");
  const countedBefore = await compositionTotal(page);

  await upload(page, "客户.csv", gbk(rows));
  assert.match(await page.getByTestId("encoding").innerText(), /GB/i);
  const mapping = page.getByTestId("mapping");
  await mapping.getByText("客户名称").waitFor();
  // The headers were understood without help.
  for (const target of ["名称", "类型", "电话", "地区", "行业", "级别", "生日", "备注"]) {
    await mapping.locator(".ant-select", { hasText: new RegExp(`^${target}$`) }).first().waitFor();
  }
  await picture(page, "import-mapping");

  await page.getByTestId("run-dry").click();
  await page.getByTestId("dry-result").waitFor();
  assert.deepEqual(await figures(page), { created: 3, updated: 0, unchanged: 0, skipped: 0, failed: 3 });
  const errors = page.getByTestId("row-errors");
  // Rows are numbered as the spreadsheet numbers them.
  for (const line of ["5", "6", "7"]) await errors.locator("tbody tr.ant-table-row", { has: page.getByText(line, { exact: true }) }).first().waitFor();
  await picture(page, "import-dry-run");

  await page.getByTestId("run-real").click();
  await page.getByTestId("result").waitFor();
  assert.deepEqual(await figures(page), { created: 3, updated: 0, unchanged: 0, skipped: 0, failed: 3 });
  await picture(page, "import-result");

  const downloading = page.waitForEvent("download");
  await page.getByTestId("download-errors").click();
  const bytes = readFileSync(await (await downloading).path());
  const text = bytes.toString("utf8");
  const report = text.replace(/^\uFEFF/, "").trim().split(/\r?\n/);
  assert.equal(report.length, 4, "the header and the three rows that failed");
  assert.match(report[0], /客户名称/);
  assert.match(text, /INVALID_PHONE/);
  assert.match(text, /REQUIRED/);
  assert.match(text, /INVALID_DATE/);

  // Corrected as a person would, with the two further columns left where they are.
  const corrected = text
    .replace("not a phone", phoneOf(4))
    .replace("2026-13-45", "1992.3.4")
    .replace(/(\r?\n),个人,/, "$1赵六,个人,");
  await upload(page, "客户-改正.csv", Buffer.from(corrected));
  await page.getByTestId("run-dry").click();
  await page.getByTestId("dry-result").waitFor();
  assert.equal((await figures(page)).failed, 0);
  await page.getByTestId("run-real").click();
  await page.getByTestId("result").waitFor();
  assert.deepEqual(await figures(page), { created: 3, updated: 0, unchanged: 0, skipped: 0, failed: 0 });

  // The same file once more changes nothing.
  await upload(page, "客户-改正.csv", Buffer.from(corrected));
  await page.getByTestId("mapping").getByText("用文件中的非空内容更新").click();
  await page.getByTestId("run-dry").click();
  await page.getByTestId("dry-result").waitFor();
  assert.deepEqual(await figures(page), { created: 0, updated: 0, unchanged: 3, skipped: 0, failed: 0 });

  // 张三 by his initials, from wherever one is.
  await page.keyboard.press("/");
  await page.keyboard.type("zs");
  const match = page.getByTestId("search-match").filter({ hasText: phoneOf(1) });
  const wanted = (await match.count()) > 0 ? match : page.getByTestId("search-match").filter({ hasText: "张三" });
  await wanted.first().waitFor();
  await picture(page, "search-initials");
  await page.keyboard.press("Escape");
  await page.goto(`/customers?q=${phoneOf(1)}`);
  await page.getByTestId("customers").getByRole("link", { name: "张三" }).click();
  await page.getByTestId("details").getByText("1988-08-08").waitFor();
  await page.getByTestId("details").getByText("浙江省 杭州市 西湖区").waitFor();
  await page.getByTestId("timeline-entry").first().waitFor();

  await page.getByTestId("add-interaction").click();
  await page.getByLabel("主题").fill("导入后的第一次联系");
  await page.getByLabel("沟通内容").fill("确认了资料，约好下周见面");
  await page.getByTestId("submit").click();
  await page.getByTestId("timeline").getByText("确认了资料，约好下周见面").waitFor();
  await picture(page, "customer-imported");

  // Events have fed the chart: six customers more.
  await page.goto("/reports/composition?by=kind");
  await page.waitForFunction(
    (expected) => Number(document.querySelector("[data-testid=composition-total] .ant-statistic-content")?.textContent?.replaceAll(/\D/g, "")) === expected,
    countedBefore + 6,
  );
  await page.locator("[data-testid=chart][data-ready=true] canvas").waitFor();
  await picture(page, "composition");

  // Down from the figure to the customers behind it.
  const figure = page.getByTestId("figures").locator("tbody tr", { hasText: "企业" });
  const counted = Number((await figure.locator("td").nth(1).innerText()).replaceAll(/\D/g, ""));
  await figure.getByRole("button", { name: "企业" }).click();
  await page.waitForURL(/\/customers\?filter=/);
  await page.waitForFunction(
    (expected) => Number(document.querySelector("[data-testid=total]")?.textContent?.replaceAll(/\D/g, "")) === expected,
    counted,
  );
  await picture(page, "drill-down");
});

test("a long import shows its progress and can be stopped", async (story) => {
  const page = await openAs(story, "administrator", "/imports");
  const many = Array.from({ length: 20_000 }, (_, place) => `批量客户${stamp}-${place},企业,,浙江省,,普通,,,`);
  await upload(page, "批量.csv", gbk(many));
  await page.locator("#import-key").click();
  await page.locator(".ant-select-dropdown:visible").getByText("类型和名称").click();
  await page.getByTestId("run-real").click();
  await page.getByRole("dialog").getByRole("button", { name: "正式导入" }).click();
  const running = page.getByTestId("running");
  await running.waitFor();
  await running.getByText(/正在导入 [1-9]/).waitFor();
  await picture(page, "import-progress");
  await running.getByRole("button", { name: "停止" }).click();
  await page.getByText("导入已停止，已写入的行保留。").waitFor();
  const { created } = await figures(page);
  assert.ok(created > 0 && created < many.length, `${created} rows were written`);
  // What was written is there, no row more.
  await page.goto(`/customers?filter=${encodeURIComponent(`name : "批量客户${stamp}"`)}`);
  await page.getByTestId("total").waitFor();
  assert.equal(Number((await page.getByTestId("total").innerText()).replaceAll(/\D/g, "")), created);
});

test("a file that can't be read is refused with the reason, and nothing is kept", async (story) => {
  const page = await openAs(story, "administrator", "/imports");
  const list = page.getByTestId("imports");
  const listed = async () => {
    await list.locator(".ant-table-row, .ant-empty").first().waitFor();
    return list.locator(".ant-table-row").count();
  };
  const before = await listed();
  await page.getByTestId("upload").setInputFiles({ name: "坏.xlsx", mimeType: "application/octet-stream", buffer: Buffer.from("not a workbook") });
  await page.getByTestId("form-fault").waitFor();
  await picture(page, "import-refused");
  await page.reload();
  assert.equal(await listed(), before);
});
