// Files from the API: fetched with the session, then handed to the browser under the name that the server gave.
import i18n from "i18next";
import { problemFromResponse } from "./problem";
import { sessionFetch } from "./session";

export async function download(path: string, query: Record<string, string | string[] | undefined>, fallbackName: string) {
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query)) {
    for (const item of [value ?? []].flat()) if (item) url.searchParams.append(name, item);
  }
  const response = await fetchFile(url);
  saveBlob(await response.blob(), fileNameOf(response.headers.get("content-disposition")) ?? fallbackName);
}

/** A file to be shown or played in the page. */
export async function fetchFile(path: string | URL): Promise<Response> {
  const request = new Request(new URL(path, location.origin), { headers: { "Accept-Language": i18n.language } });
  const response = await sessionFetch(request);
  if (!response.ok) throw await problemFromResponse(response);
  return response;
}

/** RFC 6266: the extended name wins over the plain one. */
export function fileNameOf(disposition: string | null): string | undefined {
  if (!disposition) return undefined;
  const extended = /filename\*\s*=\s*UTF-8''([^;]+)/i.exec(disposition)?.[1];
  if (extended) return decodeURIComponent(extended);
  return /filename\s*=\s*"?([^";]+)"?/i.exec(disposition)?.[1];
}

export function saveBlob(blob: Blob, name: string) {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The browser has taken the file by the next turn; a revoke right away cancels it in some.
  window.setTimeout(() => URL.revokeObjectURL(url), 30_000);
}
