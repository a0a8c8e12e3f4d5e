//! The gateway as a whole: what every request goes through, from its id to its line in the log.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use contracts::options::Dialect;
use futures::FutureExt;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body::Body as _;
use opentelemetry::trace::TraceContextExt;
use opentelemetry::{Context, KeyValue};
use platform::contract::Contract;
use platform::service::Upstream;
use platform::telemetry;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tracing::Instrument;

use crate::config::Config;
use crate::console::Console;
use crate::csrf::Csrf;
use crate::fault::ROUTE_NOT_FOUND;
use crate::keys::Keys;
use crate::problem::Problem;
use crate::rate_limit::Limiter;
use crate::routes::{Meters, Routes};
use crate::session::Sessions;
use crate::visit::{REQUEST_ID, Visit};
use crate::{call, deployment, docs, openapi, problem_page};

pub struct Gateway {
    pub contract: &'static Contract,
    pub config: Config,
    pub routes: Routes,
    pub upstreams: HashMap<String, Upstream>,
    pub limiter: Limiter,
    pub sessions: Sessions,
    pub keys: Keys,
    pub console: Console,
    pub stop: CancellationToken,
    /// The document, written out once.
    openapi: Bytes,
    docs: axum::Router,
    headers: Headers,
}

/// Headers of every answer.
struct Headers {
    common: HeaderMap,
    api_policy: HeaderValue,
    page_policy: HeaderValue,
}

/// The route that a request has taken, as far as it came.
pub struct Served {
    pub template: &'static str,
    pub meters: Option<Arc<Meters>>,
    pub dialect: Dialect,
}

const OPENAPI: &str = "/v1/openapi.json";

/// Ant Design writes its styles into the page; nothing else runs or loads from anywhere but here.
const PAGE_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
    media-src 'self' blob:; font-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; \
    frame-ancestors 'none'";
const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

impl Headers {
    fn new(secure: bool) -> Headers {
        let mut common = HeaderMap::new();
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("x-frame-options", "DENY"),
        ] {
            common.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        if secure {
            let value = HeaderValue::from_static("max-age=31536000");
            common.insert(http::header::STRICT_TRANSPORT_SECURITY, value);
        }
        Headers {
            common,
            api_policy: HeaderValue::from_static(API_POLICY),
            page_policy: HeaderValue::from_static(PAGE_POLICY),
        }
    }
}

impl Gateway {
    pub fn new(
        config: &Config,
        csrf_key: [u8; 32],
        upstreams: HashMap<String, Upstream>,
        stop: CancellationToken,
    ) -> anyhow::Result<Gateway> {
        let contract = Contract::get();
        let document = openapi::document(contract);
        Ok(Gateway {
            contract,
            routes: Routes::new(contract, &upstreams)?,
            limiter: Limiter::new(&config.rate_limit),
            sessions: Sessions::new(config.secure_cookies, Csrf::new(&config.csrf_secret, csrf_key)),
            keys: Keys::new(contract),
            console: Console::new(config.console_dir.as_deref()),
            openapi: serde_json::to_vec(&document)?.into(),
            docs: docs::router(),
            headers: Headers::new(config.secure_cookies),
            config: config.clone(),
            upstreams,
            stop,
        })
    }
}

/// Answers any request. What HEAD asks for has no body.
pub async fn serve(gateway: Arc<Gateway>, request: Request<Body>) -> Response {
    let started = Instant::now();
    let visit = Visit::new(&request, gateway.config.trusted_hops);
    let method = request.method().clone();
    let (api, dialect) = (is_api(request.uri().path()), dialect_below(request.uri().path()));
    let parent = request.headers().get("traceparent").and_then(|parent| parent.to_str().ok());
    let span = telemetry::enter(parent, || {
        tracing::info_span!(
            "http",
            "otel.kind" = "server",
            "http.request.method" = method.as_str(),
            "http.response.status_code" = tracing::field::Empty,
            request_id = visit.request_id.to_str().unwrap_or_default(),
        )
    });
    async {
        let mut served = Served { template: if api { "unknown" } else { "files" }, meters: None, dialect };
        let outcome = AssertUnwindSafe(route(&gateway, &visit, request, &mut served)).catch_unwind().await;
        let outcome = outcome.unwrap_or_else(|_| {
            tracing::error!("a handler panicked");
            Err(Problem::internal())
        });
        let mut reason = None;
        let mut response = outcome.unwrap_or_else(|problem| {
            reason = Some(problem.reason().to_owned());
            match served.dialect {
                Dialect::Scim => problem.into_scim_response(&visit.call()),
                Dialect::Unspecified => problem.into_response(&visit.call()),
            }
        });
        finish(&gateway.headers, &visit, api, &mut response);
        note(&method, &served, response.status(), reason.as_deref(), started);
        if method == Method::HEAD {
            let length = response.body().size_hint().exact();
            if let (Some(length), false) = (length, response.headers().contains_key(CONTENT_LENGTH)) {
                response.headers_mut().insert(CONTENT_LENGTH, length.into());
            }
            *response.body_mut() = Body::empty();
        }
        response
    }
    .instrument(span)
    .await
}

/// How an address that leads nowhere is refused: as those beside it are.
fn dialect_below(path: &str) -> Dialect {
    if path.starts_with("/scim/") { Dialect::Scim } else { Dialect::Unspecified }
}

fn is_api(path: &str) -> bool {
    path.starts_with("/v1/") || path.starts_with("/scim/")
}

async fn route(
    gateway: &Gateway,
    visit: &Visit,
    request: Request<Body>,
    served: &mut Served,
) -> Result<Response, Problem> {
    let path = request.uri().path();
    let readable = matches!(*request.method(), Method::GET | Method::HEAD);
    let fixed = match path {
        deployment::PATH => deployment::PATH,
        OPENAPI => OPENAPI,
        "/docs" | "/docs/" => "/docs",
        _ if path.starts_with("/docs/") => "/docs/*",
        _ if is_api(path) => return call::answer(gateway, visit, request, served).await,
        _ => return gateway.console.answer(request).await,
    };
    served.template = fixed;
    if !readable {
        return Err(Problem::method_not_allowed(vec!["GET"]));
    }
    gateway.limiter.check(visit.address, None)?;
    match fixed {
        deployment::PATH => Ok(deployment::answer(gateway).await),
        OPENAPI => Ok(document(gateway.openapi.clone())),
        _ => match problem_page::answer(path, visit.locale) {
            Some(page) => Ok(page),
            None => reference(gateway.docs.clone(), request).await,
        },
    }
}

fn document(openapi: Bytes) -> Response {
    let mut response = Response::new(Body::from(openapi));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(call::JSON));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

async fn reference(docs: axum::Router, request: Request<Body>) -> Result<Response, Problem> {
    match docs.oneshot(request).await {
        Ok(response) if response.status() == StatusCode::NOT_FOUND => {
            Err(Problem::new(StatusCode::NOT_FOUND, &ROUTE_NOT_FOUND))
        }
        Ok(response) => Ok(response),
        Err(never) => match never {},
    }
}

fn finish(headers: &Headers, visit: &Visit, api: bool, response: &mut Response) {
    let answer = response.headers_mut();
    for (name, value) in &headers.common {
        answer.insert(name.clone(), value.clone());
    }
    let policy = if api { &headers.api_policy } else { &headers.page_policy };
    // A file has one of its own.
    answer.entry(http::header::CONTENT_SECURITY_POLICY).or_insert_with(|| policy.clone());
    answer.insert(REQUEST_ID, visit.request_id.clone());
}

/// The one place where a request is logged and counted.
fn note(method: &Method, served: &Served, status: StatusCode, reason: Option<&str>, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    // A route has one method, but HEAD stands for GET.
    let meters = served.meters.as_deref().filter(|_| *method != Method::HEAD);
    let (template, method) = (served.template, method_name(method));
    let calls = || {
        metrics::counter!(
            "http_requests_total", "route" => template, "method" => method, "status" => status_name(status)
        )
    };
    let durations = || metrics::histogram!("http_request_duration_seconds", "route" => template, "method" => method);
    match meters {
        Some(meters) if status == StatusCode::OK => meters.well.get_or_init(calls).increment(1),
        _ => calls().increment(1),
    }
    match meters {
        Some(meters) => meters.seconds.get_or_init(durations).record(seconds),
        None => durations().record(seconds),
    }
    tracing::Span::current().record("http.response.status_code", status.as_u16());
    // The route is known too late for the span to begin with it.
    Context::map_current(|context| {
        let span = context.span();
        if span.is_recording() {
            span.update_name(format!("{method} {template}"));
            span.set_attribute(KeyValue::new("http.route", template));
        }
    });
    let milliseconds = seconds * 1000.0;
    tracing::info!(target: "access", method, route = template, status = status.as_u16(), reason, milliseconds, "served");
}

/// Labels of a metric must not grow with what callers make up.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

fn status_name(status: StatusCode) -> &'static str {
    match status.as_u16() {
        200 => "200",
        304 => "304",
        400 => "400",
        401 => "401",
        403 => "403",
        404 => "404",
        409 => "409",
        422 => "422",
        429 => "429",
        500 => "500",
        503 => "503",
        504 => "504",
        100..=199 => "1xx",
        201..=299 => "2xx",
        300..=399 => "3xx",
        402..=499 => "4xx",
        _ => "5xx",
    }
}
