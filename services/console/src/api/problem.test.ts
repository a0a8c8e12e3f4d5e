import { describe, expect, it } from "vitest";
import { fileNameOf } from "./download";
import { asProblem, problemFromBody, problemFromResponse } from "./problem";
import { csrfToken } from "./session";

const body = {
  type: "/docs/problems/INVALID",
  title: "输入无效",
  status: 400,
  detail: "请检查标出的字段。",
  instance: "0190-req",
  reason: "INVALID",
  fieldViolations: [{ field: "customer.name", reason: "string.min_len", description: "不能为空" }],
};

describe("a problem", () => {
  it("carries detail, reason, request id and violations of an RFC 9457 answer", async () => {
    const problem = await problemFromResponse(new Response(JSON.stringify(body), { status: 400, headers: { "content-type": "application/problem+json" } }));
    expect(problem).toMatchObject({ status: 400, reason: "INVALID", detail: body.detail, requestId: "0190-req" });
    expect(problem.fieldViolations).toEqual(body.fieldViolations);
  });

  it("makes do with a proxy's page", async () => {
    const problem = await problemFromResponse(new Response("<html>Bad gateway</html>", { status: 502, headers: { "x-request-id": "abc" } }));
    expect(problem).toMatchObject({ status: 502, detail: "", requestId: "abc", reason: "UNKNOWN" });
  });

  it("tells a stale record from a name that is taken", () => {
    expect(problemFromBody(409, { ...body, reason: "ETAG_MISMATCH" }).isConflict).toBe(true);
    expect(problemFromBody(409, { ...body, reason: "ALREADY_EXISTS" }).isConflict).toBe(false);
  });

  it("is offline when there was no answer at all", () => {
    expect(asProblem(new TypeError("Failed to fetch")).isOffline).toBe(true);
  });
});

describe("the CSRF cookie", () => {
  it("is found among others, under its secure name too, and nowhere else", () => {
    expect(csrfToken("a=1; changke_csrf=x%2By; b=2")).toBe("x+y");
    expect(csrfToken("__Host-changke_csrf=abc")).toBe("abc");
    expect(csrfToken("not_changke_csrf=abc")).toBe("");
  });
});

describe("the name of a downloaded file", () => {
  it("is the extended one where there are two", () => {
    expect(fileNameOf(`attachment; filename="a.csv"; filename*=UTF-8''%E5%AE%A2%E6%88%B7.csv`)).toBe("客户.csv");
    expect(fileNameOf("attachment; filename=b.xlsx")).toBe("b.xlsx");
    expect(fileNameOf(null)).toBeUndefined();
  });
});
