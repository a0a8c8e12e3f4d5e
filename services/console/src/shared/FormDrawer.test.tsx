import { App, Form, Input } from "antd";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { Problem } from "@/api/problem";
import { setPreferences } from "@/app/preferences";
import i18n from "i18next";
import { FormDrawer } from "./FormDrawer";

interface Values {
  name: string;
}

function show(onSubmit: (values: Values) => Promise<unknown>, onClose = vi.fn()) {
  render(
    <App>
      <FormDrawer<Values> open title="Customer" initialValues={{ name: "" }} onClose={onClose} onSubmit={onSubmit}>
        <Form.Item name="name" label="Name">
          <Input />
        </Form.Item>
      </FormDrawer>
    </App>,
  );
  return onClose;
}

const refusal = new Problem({
  status: 400,
  detail: "Check the marked fields.",
  instance: "request-1",
  reason: "INVALID",
  fieldViolations: [
    { field: "customer.name", reason: "string.max_len", description: "At most 128 characters" },
    { field: "customer.ownerId", reason: "OUT_OF_SCOPE", description: "Not one of yours" },
  ],
});

describe("a form in a drawer", () => {
  it("closes when what was typed is accepted", async () => {
    setPreferences({ language: "en" });
    await i18n.changeLanguage("en");
    const submit = vi.fn(() => Promise.resolve());
    const onClose = show(submit);
    await userEvent.type(screen.getByLabelText("Name"), "Zhang San");
    await userEvent.click(screen.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(onClose).toHaveBeenCalledOnce());
    expect(submit).toHaveBeenCalledWith(expect.objectContaining({ name: "Zhang San" }), expect.anything());
  });

  it("stays, keeps what was typed and says what is wrong where it is wrong", async () => {
    const onClose = show(() => Promise.reject(refusal));
    await userEvent.type(screen.getByLabelText("Name"), "x");
    await userEvent.click(screen.getByRole("button", { name: "Save" }));
    const alert = await screen.findByTestId("form-fault");
    expect(screen.getAllByText("At most 128 characters").length).toBeGreaterThan(0);
    // What belongs to no field of the form, and the request id, stand above it.
    expect(alert.textContent).toContain("Not one of yours");
    expect(alert.textContent).toContain("request-1");
    expect(screen.getByLabelText<HTMLInputElement>("Name").value).toBe("x");
    expect(onClose).not.toHaveBeenCalled();
  });
});
