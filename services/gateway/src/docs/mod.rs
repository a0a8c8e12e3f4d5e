//! The API reference at `/docs`: a small page of our own that draws the OpenAPI document, without any network but us.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;

const PAGE: &str = include_str!("index.html");
const SCRIPT: &str = include_str!("app.js");
const STYLE: &str = include_str!("style.css");

pub fn router() -> Router {
    Router::new()
        .route("/docs/", get(|| async { Redirect::permanent("/docs") }))
        .route("/docs", get(|| async { file("text/html; charset=utf-8", PAGE) }))
        .route("/docs/app.js", get(|| async { file("text/javascript; charset=utf-8", SCRIPT) }))
        .route("/docs/style.css", get(|| async { file("text/css; charset=utf-8", STYLE) }))
}

fn file(kind: &'static str, content: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")], content)
}
