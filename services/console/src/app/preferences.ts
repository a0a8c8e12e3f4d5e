// Language and theme, remembered in this browser. The texts, Ant Design and the charts follow them.
import { useCallback, useSyncExternalStore } from "react";
import type { Language } from "@/i18n";

export type ThemeChoice = "light" | "dark" | "system";

export interface Preferences {
  language: Language;
  theme: ThemeChoice;
  menuCollapsed: boolean;
}

const storageKey = "changke.preferences";
const listeners = new Set<() => void>();
let current = load();

function load(): Preferences {
  const preferred: Language = navigator.language.toLowerCase().startsWith("zh") ? "zh-CN" : "en";
  const defaults: Preferences = { language: preferred, theme: "system", menuCollapsed: false };
  return { ...defaults, ...readStored<Partial<Preferences>>(storageKey, {}) };
}

/** A value kept in this browser; storage may be full, forbidden or hold what an older version wrote. */
export function readStored<T>(key: string, fallback: T): T {
  try {
    const text = localStorage.getItem(key);
    return text === null ? fallback : (JSON.parse(text) as T);
  } catch {
    return fallback;
  }
}

export function store(key: string, value: unknown) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Without storage a choice lasts until the tab is closed, which is all that can be done.
  }
}

export function currentLanguage(): Language {
  return current.language === "en" ? "en" : "zh-CN";
}

export function setPreferences(change: Partial<Preferences>) {
  current = { ...current, ...change };
  store(storageKey, current);
  listeners.forEach((listener) => listener());
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, () => current);
}

/** Whether a media query holds, as it is now. */
function useMedia(query: MediaQueryList | undefined): boolean {
  const subscribeQuery = useCallback(
    (listener: () => void) => {
      query?.addEventListener("change", listener);
      return () => query?.removeEventListener("change", listener);
    },
    [query],
  );
  return useSyncExternalStore(subscribeQuery, () => query?.matches ?? false);
}

const darkQuery = window.matchMedia?.("(prefers-color-scheme: dark)");
const stillQuery = window.matchMedia?.("(prefers-reduced-motion: reduce)");

export function useIsDark(): boolean {
  const { theme } = usePreferences();
  const system = useMedia(darkQuery);
  return theme === "system" ? system : theme === "dark";
}

/** Somebody who can't bear things that move has told the system so. */
export function useIsStill(): boolean {
  return useMedia(stillQuery);
}
