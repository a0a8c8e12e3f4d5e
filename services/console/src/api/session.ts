// The browser's side of a cookie session: the CSRF header, one refresh at a time after a 401, and the news that the
// session is over or that a call asks for more proof. `client.ts` sends every call through `sessionFetch`; uploads and
// downloads do too.
import { newKey } from "./key";

type Listener = () => void;

const unsafe = new Set(["POST", "PUT", "PATCH", "DELETE"]);
const lost = new Set<Listener>();
const factorMissing = new Set<Listener>();
let prove: (() => Promise<boolean>) | undefined;
let proving: Promise<boolean> | undefined;
let refreshing: Promise<boolean> | undefined;

export function csrfToken(cookies = document.cookie): string {
  const match = /(?:^|;\s*)(?:__Host-|__Secure-)?changke_csrf=([^;]*)/.exec(cookies);
  return decodeURIComponent(match?.[1] ?? "");
}

/** Calls back when a session ended on its own: revoked, expired or signed out in another tab. */
export function onSessionLost(listener: Listener): () => void {
  lost.add(listener);
  return () => lost.delete(listener);
}

/** The headers that the gateway wants of a browser; safe calls need none. */
export function sessionHeaders(method: string): Record<string, string> {
  if (!unsafe.has(method)) return {};
  return { "X-CSRF-Token": csrfToken(), "X-Session-Mode": "cookie" };
}

function withSession(request: Request): Request {
  const headers = new Headers(request.headers);
  for (const [name, value] of Object.entries(sessionHeaders(request.method))) headers.set(name, value);
  return new Request(request, { headers });
}

/** Without the cookie that comes with every session there is none to refresh. */
const hasSession = () => csrfToken() !== "";

/** Calls that begin a session; their 401 says that the proof is wrong, not that a session is over. */
const entrance = /^\/v1\/(sessions:(signIn|refresh|completeSignIn|startPasskeySignIn)$|signOn:|passwordLinks:)/;
const isEntrance = (request: Request) => entrance.test(new URL(request.url, location.href).pathname);

export async function sessionFetch(request: Request): Promise<Response> {
  const again = request.clone();
  const response = await refreshedFetch(request);
  const reason = response.status === 403 ? await reasonOf(response.clone()) : "";
  if (reason === "SECOND_FACTOR_REQUIRED") factorMissing.forEach((listener) => listener());
  // The key of the call is the same: refused, it has not taken effect yet.
  if (reason === "STEP_UP_REQUIRED" && (await provenAgain())) return refreshedFetch(again);
  if (reason === "CSRF_FAILED" && !isEntrance(request)) {
    // A proof that no longer fits its session: a fresh session has one that does, and where there is none, it is over.
    if (await refreshSession()) return refreshedFetch(again);
    lost.forEach((listener) => listener());
  }
  return response;
}

async function refreshedFetch(request: Request): Promise<Response> {
  const again = request.clone();
  const response = await fetch(withSession(request));
  if (response.status !== 401 || isEntrance(request)) return response;
  if (hasSession() && (await refreshSession())) return fetch(withSession(again));
  lost.forEach((listener) => listener());
  return response;
}

async function reasonOf(response: Response): Promise<string> {
  const body: unknown = await response.json().catch(() => undefined);
  return typeof body === "object" && body !== null && "reason" in body ? String(body.reason) : "";
}

/** Calls back when a role asks for a second factor that the caller has yet to set up. */
export function onSecondFactorMissing(listener: Listener): () => void {
  factorMissing.add(listener);
  return () => factorMissing.delete(listener);
}

/** Who asks the caller to prove anew who they are; true once they did. */
export function onStepUp(ask: () => Promise<boolean>): () => void {
  prove = ask;
  return () => {
    if (prove === ask) prove = undefined;
  };
}

/** Calls that are refused together share one question. */
function provenAgain(): Promise<boolean> {
  proving ??= (prove?.() ?? Promise.resolve(false)).finally(() => {
    proving = undefined;
  });
  return proving;
}

/** Exchanges the refresh cookie; callers that fail together share one exchange, because a refresh token works once. */
export function refreshSession(): Promise<boolean> {
  refreshing ??= exchange().finally(() => {
    refreshing = undefined;
  });
  return refreshing;
}

async function exchange(): Promise<boolean> {
  const post = () =>
    fetch("/v1/sessions:refresh", {
      method: "POST",
      headers: {
        ...sessionHeaders("POST"),
        "Content-Type": "application/json",
        "Idempotency-Key": newKey(),
      },
      body: "{}",
    }).then((response) => response.ok);
  try {
    // Tabs share the cookie, so they take turns; the second of two finds the first one's fresh session.
    if (!("locks" in navigator)) return await post();
    const before = csrfToken();
    return await navigator.locks.request("changke-refresh", () => (csrfToken() === before ? post() : true));
  } catch {
    return false;
  }
}
