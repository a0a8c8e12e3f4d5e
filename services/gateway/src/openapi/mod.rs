//! OpenAPI 3.1 from the contract: `operation` makes the paths, `schema` the JSON Schemas, `common` what all share.

mod common;
mod operation;
mod schema;
#[cfg(test)]
mod tests;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use platform::contract::{Contract, Verb};
use serde_json::{Map, Value, json};

use self::schema::Schemas;

pub const PATH: &str = "/v1/openapi.json";

pub fn answer(document: Bytes) -> Response {
    let mut response = Response::new(Body::from(document));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

pub fn document(contract: &Contract) -> Value {
    let mut schemas = Schemas::new(contract);
    let mut paths: Map<String, Value> = Map::new();
    for method in contract.methods() {
        for (position, rule) in method.http.iter().enumerate() {
            let operation = operation::describe(contract, &mut schemas, method, rule, position);
            let path = paths.entry(operation::path(contract, method, rule)).or_insert_with(|| json!({}));
            path[verb(rule.verb)] = operation;
        }
    }
    paths.insert(crate::deployment::PATH.to_owned(), common::deployment_path());
    let mut tags: Vec<Value> = contract
        .services()
        .iter()
        .map(|service| json!({ "name": service.name, "description": service.comment, "x-service": service.domain }))
        .collect();
    tags.push(json!({ "name": "Gateway", "description": "What the installation consists of." }));
    let mut components = schemas.finish();
    components.extend(common::schemas());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Changke",
            "version": env!("CARGO_PKG_VERSION"),
            "description": common::DESCRIPTION,
        },
        "servers": [{ "url": "/" }],
        "security": [{ "bearer": [] }, { "cookie": [] }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": components,
            "parameters": common::parameters(),
            "responses": common::responses(),
            "securitySchemes": common::security_schemes(),
        },
    })
}

fn verb(verb: Verb) -> &'static str {
    match verb {
        Verb::Get => "get",
        Verb::Post => "post",
        Verb::Put => "put",
        Verb::Patch => "patch",
        Verb::Delete => "delete",
    }
}
