//! What all operations share: problems, headers, ways to sign in; and the gateway's own operation.

use serde_json::{Map, Value, json};

use crate::problem::MEDIA_TYPE;

pub const DESCRIPTION: &str = "\
The API of Changke, a CRM.

**Signing in.** `POST /v1/sessions:signIn` answers a pair of tokens; send the access token as `Authorization: Bearer`. \
Browsers send `X-Session-Mode: cookie` instead and get cookies; their unsafe calls carry the cookie `changke_csrf` in \
`X-CSRF-Token`.

**Problems.** Whatever goes wrong is answered as a problem (RFC 9457) with a stable `reason` and, where fields are to \
blame, `fieldViolations`. 400: the request can't be right; 401: sign in; 403: a permission is missing; 404: no such \
record, or none that you may see; 409: the record exists, or your etag is stale; 422: not possible in the record's state; \
429 and 503: try again after `Retry-After` seconds; 501: the service is not part of this installation; 504: it took too \
long.

**Answers** hold every field that is no message: empty strings, zeros, `false` and empty lists are written out. Unset \
messages are left out. 64-bit integers are strings, times RFC 3339, enums names.

**Updates** change the fields that `updateMask` names; without it, the fields that the body holds. `null` clears a field.

**Repeating.** An unsafe call with an `Idempotency-Key` can be sent again: it takes effect once.

**Waiting.** `Prefer: wait=5` gives a call five seconds.";

/// Statuses that any operation may answer, beside `default`.
pub const PROBLEMS: [(&str, &str); 7] = [
    ("400", "The request is not valid."),
    ("401", "The caller is not signed in."),
    ("403", "The caller lacks a permission."),
    ("404", "There is no such record, or the caller may not see it."),
    ("409", "The record exists already, or its etag is stale."),
    ("422", "The state of the record does not permit it."),
    ("429", "Too many requests, or a quota is used up."),
];

fn problem_content() -> Value {
    json!({ MEDIA_TYPE: { "schema": { "$ref": "#/components/schemas/Problem" } } })
}

pub fn responses() -> Value {
    let mut responses = Map::new();
    for (status, description) in PROBLEMS {
        let mut response = json!({ "description": description, "content": problem_content() });
        if status == "429" {
            response["headers"] = json!({
                "Retry-After": { "description": "Seconds to wait.", "schema": { "type": "integer", "minimum": 0 } }
            });
        }
        responses.insert(format!("Problem{status}"), response);
    }
    let other = json!({ "description": "Any other failure.", "content": problem_content() });
    responses.insert("Problem".to_owned(), other);
    Value::Object(responses)
}

/// The problems of an operation.
pub fn problem_responses(public: bool) -> Map<String, Value> {
    let mut responses = Map::new();
    for (status, _) in PROBLEMS {
        if public && status == "403" {
            continue;
        }
        responses.insert(status.to_owned(), json!({ "$ref": format!("#/components/responses/Problem{status}") }));
    }
    responses.insert("default".to_owned(), json!({ "$ref": "#/components/responses/Problem" }));
    responses
}

pub fn parameters() -> Value {
    json!({
        "AcceptLanguage": {
            "name": "Accept-Language",
            "in": "header",
            "description": "Language of texts: `zh-CN` or `en`.",
            "schema": { "type": "string", "examples": ["zh-CN"] },
        },
        "IdempotencyKey": {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "Made up by the caller, once for each thing to be done; repeating the call then has no further \
                effect.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$" },
        },
        "SessionMode": {
            "name": "X-Session-Mode",
            "in": "header",
            "description": "`cookie`: the tokens go into cookies and are empty in the answer.",
            "schema": { "type": "string", "enum": ["cookie"] },
        },
    })
}

pub fn security_schemes() -> Value {
    json!({
        "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
        "cookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-changke_access",
            "description": "Unsafe calls also need the header X-CSRF-Token.",
        },
    })
}

pub fn schemas() -> Map<String, Value> {
    let text = |description: &str| json!({ "type": "string", "description": description });
    let mut schemas = Map::new();
    schemas.insert(
        "Problem".to_owned(),
        json!({
            "type": "object",
            "description": "A failed call (RFC 9457).",
            "required": ["type", "title", "status", "detail", "instance", "reason", "fieldViolations"],
            "properties": {
                "type": text("Address of a page about the reason."),
                "title": text("What kind of failure it is, in the caller's language."),
                "status": { "type": "integer", "minimum": 400, "maximum": 599 },
                "detail": text("What happened and what to change, in the caller's language."),
                "instance": text("Id of the request, as in the header X-Request-Id."),
                "reason": text("Stable name, for programs."),
                "fieldViolations": { "type": "array", "items": { "$ref": "#/components/schemas/FieldViolation" } },
                "traceId": text("Where to look in the traces."),
            },
        }),
    );
    schemas.insert(
        "FieldViolation".to_owned(),
        json!({
            "type": "object",
            "required": ["field", "reason", "description"],
            "properties": {
                "field": text("Path in the body, such as `addresses[2].street`, or name of a parameter."),
                "reason": text("Stable name, for programs."),
                "description": text("What to change, in the caller's language."),
            },
        }),
    );
    schemas.insert(
        "Deployment".to_owned(),
        json!({
            "type": "object",
            "required": ["version", "services"],
            "properties": {
                "version": { "type": "string" },
                "services": { "type": "array", "items": { "$ref": "#/components/schemas/DeployedService" } },
            },
        }),
    );
    schemas.insert(
        "DeployedService".to_owned(),
        json!({
            "type": "object",
            "required": ["name", "present", "ready"],
            "properties": {
                "name": { "type": "string" },
                "present": { "type": "boolean", "description": "It is part of the installation." },
                "ready": { "type": "boolean", "description": "It answers." },
            },
        }),
    );
    schemas
}

pub fn deployment_path() -> Value {
    json!({
        "get": {
            "operationId": "Gateway_GetDeployment",
            "tags": ["Gateway"],
            "summary": "Tells which services this installation has and whether they answer.",
            "security": [],
            "responses": {
                "200": {
                    "description": "OK",
                    "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Deployment" } } },
                },
                "429": { "$ref": "#/components/responses/Problem429" },
                "default": { "$ref": "#/components/responses/Problem" },
            },
        },
    })
}
