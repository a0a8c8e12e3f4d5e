import { act, renderHook } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { Customer, Field } from "@/api/types";
import { useRevealed } from "@/shared/useRevealed";
import { contactIsMasked, customerIsMasked } from "./reveal";

const customer = (parts: object) => ({ phone: "", email: "", idNumber: "", bankAccount: "", addresses: [], customFields: {}, ...parts }) as unknown as Customer;
const field = (key: string, personalData: string) => ({ key, personalData }) as Field;

describe("masked personal data", () => {
  it("are found wherever they stand", () => {
    const fields = [field("licence", "PERSONAL_DATA_ID_NUMBER"), field("stars", "PERSONAL_DATA_UNSPECIFIED")];
    expect(customerIsMasked(customer({ phone: "13800138000" }), fields)).toBe(false);
    expect(customerIsMasked(customer({ phone: "138****8000" }), fields)).toBe(true);
    expect(customerIsMasked(customer({ addresses: [{ street: "中山路***" }] }), fields)).toBe(true);
    expect(customerIsMasked(customer({ customFields: { licence: { stringValue: "3****1" } } }), fields)).toBe(true);
    // An asterisk in a text that nobody masks is one that somebody typed.
    expect(customerIsMasked(customer({ customFields: { stars: { stringValue: "***" } } }), fields)).toBe(false);
    expect(contactIsMasked({ phone: "", email: "z***@example.com", wechat: "" })).toBe(true);
  });

  it("are shown until they are hidden or the record changes", async () => {
    const clear = { id: "1", etag: "a", phone: "13800138000" };
    const masked = { id: "1", etag: "a", phone: "138****8000" };
    const hook = renderHook(({ record }) => useRevealed(record, () => Promise.resolve(clear)), { initialProps: { record: masked } });
    expect(hook.result.current.shown.phone).toBe("138****8000");
    await act(() => hook.result.current.reveal("a call back"));
    expect(hook.result.current.shown.phone).toBe("13800138000");
    hook.rerender({ record: { id: "1", etag: "b", phone: "139****9000" } });
    expect(hook.result.current).toMatchObject({ revealed: false, shown: { phone: "139****9000" } });
    hook.rerender({ record: masked });
    act(() => hook.result.current.hide());
    expect(hook.result.current.shown.phone).toBe("138****8000");
  });
});
