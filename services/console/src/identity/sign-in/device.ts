import { readStored, store } from "@/app/preferences";

/** A name for this browser in the list of sessions, from its user agent: "Chrome · Windows". */
export function deviceName(userAgent: string): string {
  const browsers: [RegExp, string][] = [
    [/MicroMessenger\//, "WeChat"],
    [/Edg\//, "Edge"],
    [/OPR\//, "Opera"],
    [/Firefox\//, "Firefox"],
    [/HeadlessChrome\/|Chrome\//, "Chrome"],
    [/Safari\//, "Safari"],
  ];
  const systems: [RegExp, string][] = [
    [/HarmonyOS/, "HarmonyOS"],
    [/Android/, "Android"],
    [/iPhone|iPad/, "iOS"],
    [/Windows/, "Windows"],
    [/Mac OS X/, "macOS"],
    [/Linux/, "Linux"],
  ];
  const find = (known: [RegExp, string][]) => known.find(([pattern]) => pattern.test(userAgent))?.[1];
  return [find(browsers), find(systems)].filter(Boolean).join(" · ") || userAgent.slice(0, 100);
}

const tokensKey = "changke.devices";
const keptTokens = 10;

/** What the last sign-in of an account at this browser left here, so that others' wrong passwords don't lock it out here. */
export function deviceToken(loginName: string): string {
  return readStored<Record<string, string>>(tokensKey, {})[loginName.toLowerCase()] ?? "";
}

export function keepDeviceToken(loginName: string, token: string) {
  if (!token) return;
  const others = Object.entries(readStored<Record<string, string>>(tokensKey, {})).filter(([name]) => name !== loginName.toLowerCase());
  store(tokensKey, Object.fromEntries([...others.slice(1 - keptTokens), [loginName.toLowerCase(), token]]));
}
