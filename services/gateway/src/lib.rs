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
mod keys;
mod openapi;
mod problem;
mod problem_page;
mod rate_limit;
mod routes;
mod scim;
mod session;
mod status;
mod stream;
mod upload;
mod visit;

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use futures::future::BoxFuture;
use http::header::{ACCEPT_ENCODING, CONTENT_TYPE};
use http::{Request, Response};
use platform::contract::Contract;
use platform::service::Upstream;
use tokio_util::sync::CancellationToken;
use tower::{Layer, Service, ServiceExt};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};

pub use config::{Config, RateLimit};

/// Bodies below this are not worth compressing.
const COMPRESS_ABOVE: u64 = 1024;

/// The whole HTTP surface over the upstreams of the services that this installation has. Cheap to clone.
#[derive(Clone)]
pub struct Front {
    gateway: Arc<gateway::Gateway>,
}

/// `csrf_key` is the installation's, for settings that name none; `stop` ends the streams that would else go on for ever.
pub fn build(
    config: &Config,
    csrf_key: [u8; 32],
    upstreams: HashMap<String, Upstream>,
    stop: CancellationToken,
) -> anyhow::Result<Front> {
    Ok(Front { gateway: Arc::new(gateway::Gateway::new(config, csrf_key, upstreams, stop)?) })
}

impl Service<Request<Body>> for Front {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let gateway = self.gateway.clone();
        if !request.headers().contains_key(ACCEPT_ENCODING) {
            return Box::pin(async move { Ok(gateway::serve(gateway, request).await) });
        }
        let serve = tower::service_fn(move |request| {
            let gateway = gateway.clone();
            async move { Ok::<_, Infallible>(gateway::serve(gateway, request).await) }
        });
        let compression = CompressionLayer::new().compress_when(SizeAbove::new(COMPRESS_ABOVE).and(compressible));
        Box::pin(async move { Ok(compression.layer(serve).oneshot(request).await?.map(Body::new)) })
    }
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
