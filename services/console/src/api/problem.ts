// What went wrong with a call, from an RFC 9457 answer or from the network, in one shape for every screen.
import type { ProblemBody } from "./types";

export interface FieldViolation {
  /** JSON path in camel case, such as `addresses[0].street`. */
  field: string;
  reason: string;
  description: string;
}

export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly reason: string;
  readonly detail: string;
  readonly requestId: string;
  readonly fieldViolations: readonly FieldViolation[];

  constructor(parts: Partial<ProblemBody> & { status: number }) {
    super(parts.detail || parts.title || parts.reason || String(parts.status));
    this.status = parts.status;
    this.reason = parts.reason ?? "UNKNOWN";
    this.detail = parts.detail || parts.title || "";
    this.requestId = parts.instance ?? "";
    this.fieldViolations = (parts.fieldViolations ?? []).map((violation) => ({
      field: violation.field ?? "",
      reason: violation.reason ?? "",
      description: violation.description ?? "",
    }));
  }

  get isConflict() {
    return this.status === 409 && this.reason !== "ALREADY_EXISTS";
  }

  get isForbidden() {
    return this.status === 403;
  }

  get isNotFound() {
    return this.status === 404;
  }

  get isOffline() {
    return this.status === 0;
  }
}

export function asProblem(fault: unknown): Problem {
  if (fault instanceof Problem) return fault;
  if (fault instanceof Error) return new Problem({ status: 0, reason: "NETWORK", detail: fault.message });
  return new Problem({ status: 0, reason: "NETWORK" });
}

/** Reads a problem from an answer whose body may be anything, such as a proxy's page. */
export async function problemFromResponse(response: Response): Promise<Problem> {
  const text = await response.text().catch(() => "");
  return problemFromBody(response.status, parseJson(text), response.headers.get("x-request-id") ?? "");
}

export function problemFromBody(status: number, body: unknown, requestId = ""): Problem {
  const isProblem = typeof body === "object" && body !== null && ("title" in body || "reason" in body);
  const parts = isProblem ? (body as Partial<ProblemBody>) : {};
  return new Problem({ ...parts, status, instance: parts.instance || requestId });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
