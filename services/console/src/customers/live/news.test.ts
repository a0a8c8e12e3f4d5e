import { describe, expect, it } from "vitest";
import type { Customer, CustomerUpdate } from "@/api/types";
import { countNews, heard, noNews, withRow } from "./news";

const customer = (id: string, name = id) => ({ id, name }) as Customer;
const after = (...updates: CustomerUpdate[]) => updates.reduce(heard, noNews);

describe("news of a list", () => {
  it("counts what may be new and what is gone, each once", () => {
    const rows = [customer("a"), customer("b")];
    const news = after({ customer: customer("a") }, { customer: customer("c") }, { customer: customer("c") }, { removedId: "b" }, { removedId: "d" });
    expect(countNews(news, rows)).toBe(2);
    expect(countNews(news, [customer("a"), customer("c")])).toBe(0);
  });

  it("takes the last word on a customer", () => {
    const rows = [customer("a")];
    expect(countNews(after({ removedId: "a" }, { customer: customer("a") }), rows)).toBe(0);
    expect(countNews(after({ customer: customer("b") }, { removedId: "b" }), rows)).toBe(0);
  });

  it("stops counting where everything is out of date", () => {
    expect(after({ customer: customer("a") }, { resync: true }, { removedId: "b" })).toEqual({ ...noNews, all: true });
    const many = Array.from({ length: 1_001 }, (_, place) => ({ removedId: String(place) }));
    expect(after(...many).all).toBe(true);
  });

  it("puts a row in its place and leaves pages without it alone", () => {
    const pages = [{ customers: [customer("a"), customer("b")] }, { customers: [customer("c")] }];
    expect(withRow(pages, customer("c", "新")).flatMap((page) => page.customers.map(({ name }) => name))).toEqual(["a", "b", "新"]);
    expect(withRow(pages, customer("d"))).toBe(pages);
  });
});
