// Files to the API: the body is the file itself, everything else stands in the address. For files of which one need not
// see the progress; `progress.ts` has the others.
import i18n from "i18next";
import { newKey } from "./key";
import { problemFromResponse } from "./problem";
import { sessionFetch } from "./session";

const contentTypes: Record<string, string> = {
  csv: "text/csv",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
};

/** What the server is told that the file is; browsers don't know every ending. */
export function contentTypeOf(file: Blob): string {
  const ending = file instanceof File ? (file.name.split(".").pop()?.toLowerCase() ?? "") : "";
  return contentTypes[ending] ?? (file.type || "application/octet-stream");
}

export async function upload<T>(path: string, query: Record<string, string>, file: Blob): Promise<T> {
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const headers = { "Content-Type": contentTypeOf(file), "Accept-Language": i18n.language, "Idempotency-Key": newKey() };
  const response = await sessionFetch(new Request(url, { method: "POST", headers, body: file }));
  if (!response.ok) throw await problemFromResponse(response);
  return (await response.json()) as T;
}
