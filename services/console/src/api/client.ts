// The typed client. A call either gives the answer's data or throws a `Problem`.
import createClient, { type Middleware } from "openapi-fetch";
import i18n from "i18next";
import { newKey } from "./key";
import { problemFromBody } from "./problem";
import type { paths } from "./schema";
import { sessionFetch } from "./session";

const habits: Middleware = {
  onRequest({ request }) {
    request.headers.set("Accept-Language", i18n.language);
    if (request.method !== "GET" && !request.headers.has("Idempotency-Key")) {
      request.headers.set("Idempotency-Key", newKey());
    }
    return request;
  },
};

export const client = createClient<paths>({
  baseUrl: location.origin,
  fetch: sessionFetch,
  querySerializer: { array: { style: "form", explode: true } },
});
client.use(habits);

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

export async function unwrap<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer;
  if (response.ok) return data as T;
  throw problemFromBody(response.status, error, response.headers.get("x-request-id") ?? "");
}
