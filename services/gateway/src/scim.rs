//! The dialect of SCIM 2.0 (RFC 7644) on the wire: its media type, its statuses and its errors.

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_TYPE, ETAG, HeaderValue, LOCATION};
use http::{HeaderMap, StatusCode};
use platform::contract::Verb;
use serde::Deserialize;
use serde_json::{Value, json};

pub const MEDIA_TYPE: &str = "application/scim+json";

#[derive(Deserialize)]
struct Resource {
    #[serde(default)]
    meta: Meta,
}

#[derive(Default, Deserialize)]
struct Meta {
    #[serde(default)]
    location: String,
    #[serde(default)]
    version: String,
}

/// A good answer: a resource says which version it is, what was created says where it is as well, and of what was deleted
/// there is nothing to say.
pub fn response(verb: Verb, text: Vec<u8>, headers: &mut HeaderMap) -> Response {
    let Meta { location, version } = match verb {
        Verb::Delete => Meta::default(),
        _ => serde_json::from_slice::<Resource>(&text).map(|resource| resource.meta).unwrap_or_default(),
    };
    let location = if verb == Verb::Post { location } else { String::new() };
    for (name, value) in [(LOCATION, location), (ETAG, version)] {
        if let (false, Ok(value)) = (value.is_empty(), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    match verb {
        Verb::Post => {
            let mut response = Response::new(Body::from(text));
            *response.status_mut() = StatusCode::CREATED;
            response
        }
        Verb::Delete => {
            headers.remove(CONTENT_TYPE);
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
        _ => Response::new(Body::from(text)),
    }
}

/// The status and the body of an error, with our stable name of it besides what the standard asks for. The standard knows no 422: what the state does not permit is a bad request there.
pub fn error(status: StatusCode, reason: &str, detail: &str) -> (StatusCode, Vec<u8>) {
    let status = match (status, reason) {
        (StatusCode::UNPROCESSABLE_ENTITY, _) => StatusCode::BAD_REQUEST,
        (_, "SCIM_VERSION_STALE") => StatusCode::PRECONDITION_FAILED,
        (status, _) => status,
    };
    let kind = match (status.as_u16(), reason) {
        // Two calls met at the same row.
        (409, "STALE_ETAG") => None,
        (409, _) => Some("uniqueness"),
        (400, "SCIM_FILTER_FAULTY" | "SCIM_FILTER_INVALID" | "FIELD_MASKED") => Some("invalidFilter"),
        (400, "SCIM_PATH_INVALID") => Some("invalidPath"),
        (400, "SCIM_NO_TARGET") => Some("noTarget"),
        (400, "SCIM_PATCH_FAULTY" | "JSON_INVALID" | "WRONG_TYPE") => Some("invalidSyntax"),
        (400, _) => Some("invalidValue"),
        _ => None,
    };
    let mut body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": status.as_str(),
        "detail": detail,
        "reason": reason,
    });
    if let Some(kind) = kind {
        body["scimType"] = json!(kind);
    }
    (status, serde_json::to_vec(&body).unwrap_or_default())
}

/// The answers of an operation in the OpenAPI document.
pub fn described(verb: Verb) -> Value {
    let object = json!({MEDIA_TYPE: {"schema": {"type": "object"}}});
    let fault = json!({"description": "An error as RFC 7644 has it.", "content": object.clone()});
    match verb {
        Verb::Post => json!({"201": {"description": "Created.", "content": object}, "default": fault}),
        Verb::Delete => json!({"204": {"description": "Gone."}, "default": fault}),
        _ => json!({"200": {"description": "Done.", "content": object}, "default": fault}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_its_kind() {
        for (status, reason, expected) in [
            (409, "LOGIN_NAME_TAKEN", ("409", json!("uniqueness"))),
            (422, "LAST_ADMINISTRATOR", ("400", json!("invalidValue"))),
            (400, "SCIM_FILTER_FAULTY", ("400", json!("invalidFilter"))),
            (400, "FIELD_MASKED", ("400", json!("invalidFilter"))),
            (400, "SCIM_NO_TARGET", ("400", json!("noTarget"))),
            (404, "NOT_FOUND", ("404", Value::Null)),
            (409, "SCIM_VERSION_STALE", ("412", Value::Null)),
            (409, "STALE_ETAG", ("409", Value::Null)),
        ] {
            let (_, body) = error(StatusCode::from_u16(status).unwrap(), reason, "why");
            let body: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!((&body["status"], &body["scimType"]), (&json!(expected.0), &expected.1), "{reason}");
        }
    }
}
