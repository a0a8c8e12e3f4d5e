//! The API reference at `/docs`: a page of ours that renders the OpenAPI document, with nothing from elsewhere.

use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use platform::locale::Locale;

const PAGE: &str = include_str!("page.html");
const SCRIPT: &str = include_str!("app.js");
const STYLE: &str = include_str!("style.css");

pub fn answer(path: &str, locale: Locale) -> Option<Response> {
    let (text, content_type) = match path {
        "/docs/app.js" => (SCRIPT.to_owned(), "text/javascript; charset=utf-8"),
        "/docs/style.css" => (STYLE.to_owned(), "text/css; charset=utf-8"),
        "/docs" | "/docs/" => (page(locale), "text/html; charset=utf-8"),
        _ if path.strip_prefix("/docs/problems/").is_some_and(is_reason) => (page(locale), "text/html; charset=utf-8"),
        _ => return None,
    };
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Some(response)
}

/// The script takes the language from the page.
fn page(locale: Locale) -> String {
    PAGE.replace("lang=\"en\"", &format!("lang=\"{}\"", locale.tag()))
}

fn is_reason(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}
