//! `/v1/deployment`: which services this installation has, and whether they take calls.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use futures::future::join_all;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Uri};
use platform::service::Upstream;
use serde::Serialize;
use tonic::Code;

use crate::gateway::Gateway;
use crate::grpc;

pub const PATH: &str = "/v1/deployment";
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Deployment<'a> {
    version: &'static str,
    services: Vec<Service<'a>>,
}

#[derive(Serialize)]
struct Service<'a> {
    name: &'a str,
    present: bool,
    ready: bool,
}

pub async fn answer(gateway: &Gateway) -> Response {
    let services = join_all(gateway.contract.domains().into_iter().map(async |name| {
        let upstream = gateway.upstreams.get(name);
        let ready = match upstream {
            Some(upstream) => answers(name, upstream).await,
            None => false,
        };
        Service { name, present: upstream.is_some(), ready }
    }));
    let deployment = Deployment { version: env!("CARGO_PKG_VERSION"), services: services.await };
    let mut response = Response::new(Body::from(serde_json::to_vec(&deployment).unwrap_or_default()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Calls a method that no service has: whoever says so is there.
async fn answers(name: &str, upstream: &Upstream) -> bool {
    let Ok(uri) = format!("/changke.{name}.v1.Presence/Ask").parse::<Uri>() else { return false };
    let call = grpc::call(upstream, &uri, HeaderMap::new(), grpc::single(grpc::seal(grpc::buffer(0), 0)));
    match tokio::time::timeout(PATIENCE, call).await {
        Ok(Err(status)) => status.code() == Code::Unimplemented,
        Ok(Ok(_)) => true,
        Err(_) => false,
    }
}
