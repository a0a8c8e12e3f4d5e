import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { onSecondFactorMissing, onSessionLost, onStepUp, sessionFetch } from "./session";

type Handler = (request: Request) => Response;

/** The network's edge: a session that is over until it's refreshed. */
function network(handler: Handler) {
  const calls: Request[] = [];
  vi.stubGlobal("fetch", (input: RequestInfo | URL, init?: RequestInit) => {
    const url = input instanceof Request ? input : new URL(String(input), location.origin);
    const request = new Request(url, init);
    calls.push(request);
    return Promise.resolve(handler(request));
  });
  return calls;
}

const paths = (calls: Request[]) => calls.map((call) => `${call.method} ${new URL(call.url).pathname}`);
const refusal = (reason: string) => new Response(JSON.stringify({ reason }), { status: 403 });
const url = (path: string) => new URL(path, location.origin);

describe("a session", () => {
  beforeEach(() => {
    document.cookie = "changke_csrf=token";
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    document.cookie = "changke_csrf=; max-age=0";
  });

  it("is refreshed once for calls that fail together, and they are repeated", async () => {
    let fresh = false;
    const calls = network((request) => {
      if (new URL(request.url).pathname === "/v1/sessions:refresh") {
        fresh = true;
        return new Response("{}");
      }
      return new Response("{}", { status: fresh ? 200 : 401 });
    });
    const answers = await Promise.all(["/v1/a", "/v1/b", "/v1/c"].map((path) => sessionFetch(new Request(url(path)))));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(paths(calls).filter((path) => path.endsWith(":refresh"))).toHaveLength(1);
  });

  it("repeats an unsafe call with its body and its idempotency key", async () => {
    let fresh = false;
    const calls = network((request) => {
      if (request.url.endsWith(":refresh")) fresh = true;
      return new Response("{}", { status: fresh ? 200 : 401 });
    });
    await sessionFetch(new Request(url("/v1/x"), { method: "POST", body: '{"a":1}', headers: { "Idempotency-Key": "k" } }));
    const last = calls.at(-1);
    expect(await last?.text()).toBe('{"a":1}');
    expect(last?.headers.get("idempotency-key")).toBe("k");
    expect(last?.headers.get("x-csrf-token")).toBe("token");
  });

  it("is lost when it can't be refreshed, and says so", async () => {
    const calls = network(() => new Response("{}", { status: 401 }));
    const lost = vi.fn();
    const forget = onSessionLost(lost);
    const answer = await sessionFetch(new Request(url("/v1/a")));
    forget();
    expect(answer.status).toBe(401);
    expect(lost).toHaveBeenCalledTimes(1);
    expect(paths(calls)).toEqual(["GET /v1/a", "POST /v1/sessions:refresh"]);
  });

  it("isn't refreshed by a wrong password", async () => {
    const calls = network(() => new Response("{}", { status: 401 }));
    await sessionFetch(new Request(url("/v1/sessions:signIn"), { method: "POST", body: "{}" }));
    expect(calls).toHaveLength(1);
  });

  it("sends no CSRF token with safe calls", async () => {
    const calls = network(() => new Response("{}"));
    await sessionFetch(new Request(url("/v1/a")));
    expect(calls[0]?.headers.has("x-csrf-token")).toBe(false);
  });

  it("proves anew who one is, once for calls that are refused together, and repeats them", async () => {
    let proven = false;
    const calls = network(() => (proven ? new Response("{}") : refusal("STEP_UP_REQUIRED")));
    const ask = vi.fn(() => Promise.resolve((proven = true)));
    const forget = onStepUp(ask);
    const answers = await Promise.all(
      ["/v1/a", "/v1/b"].map((path) => sessionFetch(new Request(url(path), { method: "POST", body: "{}", headers: { "Idempotency-Key": path } }))),
    );
    forget();
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(ask).toHaveBeenCalledTimes(1);
    expect(calls.map((call) => call.headers.get("idempotency-key")).sort()).toEqual(["/v1/a", "/v1/a", "/v1/b", "/v1/b"]);
  });

  it("is refreshed when its proof no longer fits, and the call is repeated", async () => {
    let fresh = false;
    const calls = network((request) => {
      if (request.url.endsWith(":refresh")) fresh = true;
      return fresh ? new Response("{}") : refusal("CSRF_FAILED");
    });
    const answer = await sessionFetch(new Request(url("/v1/x"), { method: "POST", body: "{}" }));
    expect(answer.status).toBe(200);
    expect(paths(calls)).toEqual(["POST /v1/x", "POST /v1/sessions:refresh", "POST /v1/x"]);
  });

  it("is lost when its proof fits nothing any more", async () => {
    const calls = network(() => refusal("CSRF_FAILED"));
    const lost = vi.fn();
    const forget = onSessionLost(lost);
    const answer = await sessionFetch(new Request(url("/v1/x"), { method: "POST", body: "{}" }));
    forget();
    expect(answer.status).toBe(403);
    expect(lost).toHaveBeenCalledTimes(1);
    expect(calls).toHaveLength(2);
  });

  it("gives the refusal when nobody proves anything", async () => {
    const calls = network(() => refusal("STEP_UP_REQUIRED"));
    const forget = onStepUp(() => Promise.resolve(false));
    const answer = await sessionFetch(new Request(url("/v1/a")));
    forget();
    expect(await answer.json()).toEqual({ reason: "STEP_UP_REQUIRED" });
    expect(calls).toHaveLength(1);
  });

  it("says when a second factor has yet to be set up", async () => {
    network(() => refusal("SECOND_FACTOR_REQUIRED"));
    const missing = vi.fn();
    const forget = onSecondFactorMissing(missing);
    await sessionFetch(new Request(url("/v1/a")));
    forget();
    expect(missing).toHaveBeenCalledTimes(1);
  });
});
