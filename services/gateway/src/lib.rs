//! REST, JSON, server-sent events and OpenAPI in front of the services, all derived from the contracts; plus what only the
//! edge can do: cookies, CSRF, rate limits, security headers, the console's files. Knows no domain.
//!
//! A request goes through `gateway` (id, trace, log), `call` (route, credentials, limits), `bind` and `json` (request →
//! wire), `grpc` (the call) and back through `json` or `stream`; what fails becomes a `problem`.

mod bind;
mod call;
mod config;
mod console;
mod csrf;
mod deployment;
mod docs;
mod fault;
mod gateway;
mod grpc;
mod json;
mod openapi;
mod problem;
mod problem_page;
mod rate_limit;
mod routes;
mod session;
mod status;
mod stream;
mod upload;
mod visit;

use std::collections::HashMap;
use std::sync::Arc;

use http::header::CONTENT_TYPE;
use platform::contract::Contract;
use platform::service::Upstream;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};

pub use config::{Config, RateLimit};

/// Bodies below this are not worth compressing.
const COMPRESS_ABOVE: u64 = 1024;

/// The whole HTTP surface over the upstreams of the services that this installation has.
pub fn build(config: &Config, upstreams: HashMap<String, Upstream>) -> anyhow::Result<axum::Router> {
    let gateway = Arc::new(gateway::Gateway::new(config, upstreams)?);
    let compression = CompressionLayer::new().compress_when(SizeAbove::new(COMPRESS_ABOVE).and(compressible));
    Ok(axum::Router::new().fallback(gateway::serve).with_state(gateway).layer(compression))
}

/// The OpenAPI 3.1 document of the contracts.
pub fn openapi(contract: &Contract) -> serde_json::Value {
    openapi::document(contract)
}

/// Streams would be held back, and workbooks and pictures are compressed already.
fn compressible(_: http::StatusCode, _: http::Version, headers: &http::HeaderMap, _: &http::Extensions) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let text = essence.starts_with("text/") || essence == "image/svg+xml" || essence.contains("javascript");
    (text || essence.ends_with("json")) && essence != stream::EVENTS && essence != stream::LINES
}
