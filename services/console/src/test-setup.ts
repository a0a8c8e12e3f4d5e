// jsdom lacks what Ant Design asks of a browser's layout.
import { afterEach } from "vitest";
import { cleanup } from "@testing-library/react";
import "@/i18n";

const matchMedia = (query: string) =>
  ({
    matches: false,
    media: query,
    onchange: null,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
    addListener: () => undefined,
    removeListener: () => undefined,
    dispatchEvent: () => false,
  }) satisfies MediaQueryList;
Object.defineProperty(window, "matchMedia", { value: matchMedia });

window.ResizeObserver ??= class {
  observe() {}
  unobserve() {}
  disconnect() {}
};

afterEach(cleanup);
