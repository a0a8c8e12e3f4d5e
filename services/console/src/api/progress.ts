// Uploads that show how far they are: by XMLHttpRequest, which alone reports its progress.
import i18n from "i18next";
import { newKey } from "./key";
import { problemFromBody } from "./problem";
import { refreshSession, sessionHeaders } from "./session";
import { contentTypeOf } from "./upload";

export async function uploadWithProgress<T>(path: string, file: File, onProgress: (part: number) => void, signal: AbortSignal): Promise<T> {
  const key = newKey();
  const first = await post(path, key, file, onProgress, signal);
  if (first.status !== 401 || !(await refreshSession())) return settled<T>(first);
  return settled<T>(await post(path, key, file, onProgress, signal));
}

/** Whether the person has called the upload off. */
export const isAbort = (fault: unknown) => fault instanceof DOMException && fault.name === "AbortError";

function settled<T>({ status, body, requestId }: Posted): T {
  if (status >= 200 && status < 300) return body as T;
  throw problemFromBody(status, body, requestId);
}

interface Posted {
  status: number;
  body: unknown;
  requestId: string;
}

function post(path: string, key: string, file: File, onProgress: (part: number) => void, signal: AbortSignal): Promise<Posted> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    const headers = {
      ...sessionHeaders("POST"),
      "Content-Type": contentTypeOf(file),
      "Accept-Language": i18n.language,
      "Idempotency-Key": key,
    };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.responseType = "json";
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onload = () =>
      resolve({ status: request.status, body: request.response as unknown, requestId: request.getResponseHeader("x-request-id") ?? "" });
    request.onerror = () => reject(new Error(i18n.t("common.fault.offline")));
    request.onabort = () => reject(new DOMException("", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}
