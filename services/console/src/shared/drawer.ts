// How drawers behave under the keyboard, where the library leaves off.
import { useEffect, useState, type KeyboardEvent } from "react";

/** Gives the focus back to where it was; a drawer that is unmounted at once has no time to do so itself. */
export function useFocusReturn() {
  const [before] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    },
    [before],
  );
}

const openPopup = [".ant-select-dropdown", ".ant-picker-dropdown"].map((popup) => `${popup}:not(${popup}-hidden)`).join(", ");

/** Escape closes the list or calendar that is open, and not the drawer under it as well. */
export function keepPopupEscape(event: KeyboardEvent) {
  if (event.key === "Escape" && document.querySelector(openPopup)) event.stopPropagation();
}

const typed = 'input:not([type="hidden"]):not([type="radio"]):not([type="checkbox"]):not(:disabled), textarea:not(:disabled)';

/** The first field that one types into, unless the form has its own idea. */
export function focusFirstField(drawer: HTMLElement | null) {
  if (!drawer || drawer.querySelector(":is(input, textarea):focus")) return;
  drawer.querySelector<HTMLElement>(typed)?.focus();
}
