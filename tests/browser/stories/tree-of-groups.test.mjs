// The last of the stories by name: the company stays a large one afterwards.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fitsWidth, openAs, phone, picture, stamp } from "../support/browser.mjs";
import { call } from "../support/calls.mjs";

const regions = 10;
const offices = 7;
const teams = 6;
const mark = stamp();
const named = (...place) => `G${place.join("-")} ${mark}`;
let grown = false;

/** Ten regions of seven offices of six teams below the root: five hundred groups beside those of the demo company. */
async function grow(page) {
  const { groups } = await call(page, "GET", "/v1/groups?pageSize=1000");
  const root = groups.find((group) => !group.parentId);
  const create = async (parentId, ...place) => (await call(page, "POST", "/v1/groups", { name: named(...place), parentId })).id;
  for (let region = 1; region <= regions; region += 1) {
    const regionId = await create(root.id, region);
    for (let office = 1; office <= offices; office += 1) {
      const officeId = await create(regionId, region, office);
      await Promise.all(Array.from({ length: teams }, (_, team) => create(officeId, region, office, team + 1)));
    }
  }
}

async function openGroups(story, options) {
  const page = await openAs(story, "administrator", "/", options);
  if (!grown) await grow(page);
  grown = true;
  await page.goto("/groups");
  await page.getByTestId("group-tree").waitFor();
  return page;
}

async function find(page, name) {
  await page.getByLabel("查找员工组").fill(name);
  await page.locator(".ant-select-dropdown:visible .ant-select-item-option", { hasText: name }).first().click();
}

test("five hundred groups: one is found, looked at, dragged and moved", async (story) => {
  const page = await openGroups(story);
  const tree = page.getByTestId("group-tree");
  const node = (name) => tree.locator(".ant-tree-node-content-wrapper", { hasText: name });
  await node("销售中心").waitFor();
  // What isn't on the screen isn't drawn.
  assert.ok((await tree.locator(".ant-tree-treenode").count()) < 100);
  await fitsWidth(page);
  await picture(page, "groups-500");

  await find(page, named(9, 3, 2));
  const card = page.getByTestId("group-card");
  await card.getByText(named(9, 3, 2)).waitFor();
  await tree.getByText(named(9, 3, 2)).hover();
  await page.locator(".ant-popover:visible").getByText(named(9, 3, 2)).waitFor();
  await picture(page, "groups-500-found");
  await page.mouse.move(0, 0);
  await page.locator(".ant-popover:visible").waitFor({ state: "detached" });

  await tree.getByText(named(9, 3, 2)).dragTo(tree.getByText(named(9, 3, 4)));
  await page.getByText("员工组已移动").waitFor();
  await card.getByText(`上级组: ${named(9, 3, 4)}`).waitFor();

  // Far away, by the form.
  await card.getByRole("button", { name: "重命名或移动" }).click();
  const form = page.getByRole("dialog");
  await form.getByLabel("上级组").fill(named(1, 1));
  await page.locator(".ant-select-dropdown:visible .ant-select-tree-title", { hasText: named(1, 1) }).click();
  await form.getByTestId("submit").click();
  await card.getByText(`上级组: ${named(1, 1)}`).waitFor();
  await find(page, named(9, 3, 2));
  await node(named(9, 3, 2)).waitFor();
});

test("five hundred groups as a chart: branches open, one is found, and the page stays as wide as it is", async (story) => {
  const page = await openGroups(story);
  await page.getByText("结构图").click();
  const chart = page.getByTestId("group-chart");
  await chart.getByRole("button", { name: /销售中心/ }).first().waitFor();
  assert.ok((await chart.locator(".group-box").count()) < 100);
  await fitsWidth(page);
  await picture(page, "groups-chart-500");
  await find(page, named(7, 7, 6));
  const box = chart.getByRole("button", { name: new RegExp(named(7, 7, 6)) });
  await box.and(page.locator("[aria-pressed=true]")).waitFor();
  await box.hover();
  await page.locator(".ant-popover:visible").getByText(named(7, 7, 6)).waitFor();
  await fitsWidth(page);
  await picture(page, "groups-chart-500-found");
});

test("five hundred groups fit a phone", async (story) => {
  const page = await openGroups(story, { viewport: phone });
  await page.getByTestId("group-tree").getByText("销售中心").waitFor();
  await fitsWidth(page);
  await find(page, named(5, 5, 5));
  await page.getByTestId("group-card").getByText(named(5, 5, 5)).waitFor();
  await fitsWidth(page);
  await picture(page, "phone-groups-500");
});
