import { App } from "antd";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import i18n from "i18next";
import type { Profile } from "@/api/types";
import { setPreferences } from "@/app/preferences";
import { PersonalCard } from "./PersonalCard";

const update = vi.hoisted(() => ({ mutate: vi.fn(), error: null, isPending: false }));
vi.mock("../api", () => ({ useUpdateProfile: () => update }));

const profile = { loginName: "lilei", displayName: "Li Lei", email: "", phone: "", locale: "en", etag: "1" } as Profile;

describe("one's own record", () => {
  it("takes another login name that can be one, and sends what has changed alone", async () => {
    setPreferences({ language: "en" });
    await i18n.changeLanguage("en");
    render(
      <App>
        <PersonalCard profile={profile} />
      </App>,
    );
    const name = screen.getByLabelText("Login name");
    const save = screen.getByRole("button", { name: "Save" });
    await userEvent.clear(name);
    await userEvent.type(name, "li lei");
    await userEvent.click(save);
    await screen.findByText(i18n.t("identity.employee.loginNameHint"));
    expect(update.mutate).not.toHaveBeenCalled();
    await userEvent.clear(name);
    await userEvent.type(name, "li.lei");
    await userEvent.click(save);
    await waitFor(() => expect(update.mutate).toHaveBeenCalledWith({ loginName: "li.lei", etag: "1" }, expect.anything()));
  });
});
