//! The OpenAPI 3.1 document, derived from the contract. `schema` describes messages, `operation` calls.

mod operation;
mod schema;

use platform::contract::Contract;
use serde_json::{Map, Value, json};

use schema::Schemas;

/// The whole document.
pub fn document(contract: &Contract) -> Value {
    let mut schemas = Schemas::new(contract);
    let mut paths = Map::new();
    for method in contract.methods() {
        for (index, rule) in method.http.iter().enumerate() {
            let path = operation::path(contract, method, rule);
            let item = paths.entry(path).or_insert_with(|| json!({}));
            let operation = operation::describe(contract, &mut schemas, method, rule, index);
            item[rule.verb.as_str().to_lowercase()] = operation;
        }
    }
    paths.insert("/v1/deployment".to_owned(), json!({ "get": deployment() }));
    let tags: Vec<Value> = contract
        .services()
        .iter()
        .map(|service| json!({"name": service.name, "description": service.comment, "x-service": service.domain}))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Changke",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The API of Changke (常客), a customer relationship platform. Every operation is also a gRPC \
                method of the same contract. Errors are problem details (RFC 9457) in the language of `Accept-Language` \
                (`zh-CN` or `en`).",
        },
        "servers": [{"url": "/"}],
        "tags": tags,
        "security": [{"bearer": []}, {"cookie": [], "csrf": []}],
        "paths": paths,
        "components": {
            "schemas": schemas.finish(),
            "responses": { "Problem": problem_response() },
            "parameters": {
                "IdempotencyKey": {
                    "name": "Idempotency-Key", "in": "header", "required": false,
                    "description": "A key of the caller's choice. The same call with the same key takes effect once and \
                        gets the same answer for a day.",
                    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
                },
                "IfMatch": {
                    "name": "If-Match", "in": "header", "required": false,
                    "description": "Versions (`meta.version`) that the resource may be at, divided by commas. At another, \
                        the answer is 412 and nothing changes.",
                    "schema": {"type": "string", "minLength": 1, "pattern": "^[ -~]+$"},
                },
                "AcceptLanguage": {
                    "name": "Accept-Language", "in": "header", "required": false,
                    "description": "Languages that the caller reads, best first (RFC 9110): `zh-CN` and `en` are there.",
                    "schema": {"type": "string", "examples": ["zh-CN", "en"]},
                },
            },
            "securitySchemes": {
                "bearer": {
                    "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                    "description": "An access token from `POST /v1/sessions:signIn`.",
                },
                "cookie": {
                    "type": "apiKey", "in": "cookie", "name": "changke_access",
                    "description": "For browsers that signed in with `X-Session-Mode: cookie`.",
                },
                "csrf": {
                    "type": "apiKey", "in": "header", "name": "X-CSRF-Token",
                    "description": "The value of the cookie `changke_csrf`, on every unsafe call.",
                },
            },
        },
    })
}

/// The one operation that the gateway answers itself.
fn deployment() -> Value {
    json!({
        "operationId": "Gateway_GetDeployment",
        "tags": ["Gateway"],
        "summary": "Which services are there.",
        "description": "Lists every service that the contract knows. Calls to one that is not present are answered with \
            `SERVICE_NOT_DEPLOYED`.",
        "security": [],
        "responses": {
            "200": {
                "description": "The services.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Deployment"}}},
            },
            "default": {"$ref": "#/components/responses/Problem"},
        },
    })
}

fn problem_response() -> Value {
    json!({
        "description": "What went wrong: 400 the request is not valid, 401 not signed in, 403 not permitted, 404 no such \
            record, 409 changed meanwhile or already there, 422 not in the present state, 429 too many calls, 501 the \
            service is not deployed, 503 not available right now, 504 took too long.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    })
}
