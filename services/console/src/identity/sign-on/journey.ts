// What the browser remembers while it is away at a provider: in this tab only, and only until it is back.

export interface Journey {
  /** To sign in, or to link the signed-in employee to the provider. */
  purpose: "signIn" | "link";
  browserSecret: string;
}

const journeyKey = "changke.sign-on";

export function beginJourney(journey: Journey) {
  sessionStorage.setItem(journeyKey, JSON.stringify(journey));
}

/** Each journey ends once, whatever comes of it. */
export function endJourney(): Journey | undefined {
  const text = sessionStorage.getItem(journeyKey);
  sessionStorage.removeItem(journeyKey);
  try {
    return text ? (JSON.parse(text) as Journey) : undefined;
  } catch {
    return undefined;
  }
}

/** What a provider sends back in the address (RFC 6749, 4.1.2). */
export function returnOf(search: URLSearchParams): { state: string; code: string } | { refusal: Refusal } {
  const error = search.get("error");
  const state = search.get("state");
  const code = search.get("code");
  if (error || !state || !code) return { refusal: refusalOf(error ?? "") };
  return { state, code };
}

export interface Refusal {
  text: "failed" | "refusals.denied" | "refusals.unavailable" | "refusals.other";
  /** As the standards name it. */
  code: string;
}

/** Anybody can lead here by a link, so nothing of the address but a plain name of an error is shown. */
function refusalOf(error: string): Refusal {
  const code = /^[a-z_]{1,40}$/.test(error) ? error : "";
  if (code === "access_denied") return { text: "refusals.denied", code };
  if (code === "temporarily_unavailable" || code === "server_error") return { text: "refusals.unavailable", code };
  return { text: code ? "refusals.other" : "failed", code };
}
