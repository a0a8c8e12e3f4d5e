//! One call of the API: route, credentials, limits, request message, call, answer. The forms that are not one message in
//! and one message out stand in `stream` and `upload`.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use contracts::options::{Dialect, SessionEffect};
use http::header::{
    ACCEPT_LANGUAGE, AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, IF_MATCH,
    USER_AGENT,
};
use http::{HeaderMap, Request, StatusCode};
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use platform::contract::Body as RouteBody;
use platform::service::Upstream;
use platform::telemetry;
use tonic::Status;

use crate::bind::Bindings;
use crate::fault::{
    BODY_BROKEN, BODY_TOO_LARGE, DEADLINE_EXCEEDED, Fault, MEDIA_TYPE_UNSUPPORTED, ROUTE_NOT_FOUND,
    SERVICE_NOT_DEPLOYED,
};
use crate::gateway::{Gateway, Served};
use crate::problem::Problem;
use crate::routes::{Found, Kind, Route};
use crate::session::Credentials;
use crate::visit::{REQUEST_ID, Visit};
use crate::{grpc, json, keys, scim, stream, upload};

pub const JSON: &str = "application/json";

/// Headers that go along to the service as they are.
const FORWARDED: [HeaderName; 5] = [
    ACCEPT_LANGUAGE,
    IF_MATCH,
    USER_AGENT,
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("traceparent"),
];

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
const PREFER: HeaderName = HeaderName::from_static("prefer");

/// A call with everything but its body decided.
pub struct Prepared<'r> {
    pub route: &'r Route,
    pub upstream: &'r Upstream,
    pub bindings: Bindings<'r>,
    pub credentials: Credentials,
    /// gRPC metadata.
    pub headers: HeaderMap,
    pub timeout: Duration,
}

/// Answers a request to the API. `served` is told the route for logs and metrics, even when the call fails.
pub async fn answer(
    gateway: &Gateway,
    visit: &Visit,
    request: Request<Body>,
    served: &mut Served,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let (route, captures) = match gateway.routes.find(parts.uri.path(), &parts.method) {
        Found::Route(route, captures) => (route, captures),
        Found::OtherMethods(methods) => return Err(Problem::method_not_allowed(methods)),
        Found::Nothing => return Err(Problem::new(StatusCode::NOT_FOUND, &ROUTE_NOT_FOUND)),
    };
    let dialect = route.method.dialect;
    *served = Served { template: &route.rule.template, meters: Some(route.meters.clone()), dialect };
    let Some(upstream) = &route.upstream else {
        let problem = Problem::new(StatusCode::NOT_IMPLEMENTED, &SERVICE_NOT_DEPLOYED);
        return Err(problem.arg("service", &route.method.service));
    };
    let mut credentials = gateway.sessions.credentials(route, &parts.headers)?;
    let key = keys::take(gateway, visit, route, &mut credentials).await?;
    gateway.limiter.check(visit.address, credentials.token())?;
    if matches!(route.method.session_effect, SessionEffect::Start | SessionEffect::Exchange) {
        gateway.limiter.check_sign_in(visit.address)?;
    }
    let bindings = Bindings::read(gateway.contract, route, &captures, parts.uri.query())?;
    let longest = match route.kind {
        Kind::Unary => gateway.config.timeout_seconds,
        _ => gateway.config.stream_timeout_seconds,
    };
    let timeout = Duration::from_secs(wish(&parts.headers).map_or(longest, |wish| wish.min(longest)));
    let headers = metadata(visit, &parts.headers, &credentials, timeout);
    let prepared = Prepared { route, upstream, bindings, credentials, headers, timeout };
    let answer = async {
        match route.kind {
            Kind::Unary => unary(gateway, prepared, &parts.headers, body).await,
            // Boxed, so that the others don't carry their size.
            Kind::Upload => Box::pin(upload::answer(gateway, prepared, &parts.headers, body)).await,
            Kind::Stream | Kind::Download => {
                Box::pin(stream::answer(gateway, visit, prepared, &parts.headers, body)).await
            }
        }
    };
    let answer = tokio::time::timeout(timeout, answer)
        .await
        .unwrap_or_else(|_| Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, &DEADLINE_EXCEEDED)));
    if let (Some(key), Err(problem)) = (key, &answer)
        && problem.status == StatusCode::UNAUTHORIZED
    {
        gateway.keys.forget(&key);
    }
    answer
}

async fn unary(gateway: &Gateway, call: Prepared<'_>, head: &HeaderMap, body: Body) -> Result<Response, Problem> {
    let message = request_message(gateway, &call, head, body).await?;
    let sent = async {
        match call.upstream.local() {
            Some(local) => local.call(call.route.method, &call.headers, message.slice(grpc::PREFIX..)).await,
            None => {
                let answer = grpc::call(call.upstream, &call.route.uri, call.headers, grpc::single(message)).await?;
                Ok(answer.only().await?.1)
            }
        }
    };
    let wire = match sent.await {
        Ok(answer) => answer,
        Err(status) => return refused(gateway, call.route, &call.credentials, &status),
    };
    json_answer(gateway, call.route, &call.credentials, &wire)
}

/// Body, query and path as a framed gRPC message.
pub async fn request_message(
    gateway: &Gateway,
    call: &Prepared<'_>,
    head: &HeaderMap,
    body: Body,
) -> Result<Bytes, Problem> {
    let body = read_body(head, body, gateway.config.body_limit).await?;
    if !body.is_empty() && call.route.rule.body != RouteBody::None {
        require_json(head, call.route.method.dialect)?;
    }
    let mut message = grpc::buffer(body.len() + 64);
    call.bindings.write(gateway.contract, call.route, &body, &mut message)?;
    gateway.sessions.fill_request(call.route, &call.credentials, &mut message, grpc::PREFIX);
    Ok(grpc::seal(message, 0))
}

/// An answer message as JSON, its tokens in cookies where the caller keeps them there.
pub fn json_answer(
    gateway: &Gateway,
    route: &Route,
    credentials: &Credentials,
    wire: &[u8],
) -> Result<Response, Problem> {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type(route.method.dialect)));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let mut text = Vec::with_capacity(wire.len() * 2 + 256);
    let written = match route.method.session_effect {
        SessionEffect::Start | SessionEffect::Refresh if credentials.in_cookies => gateway
            .sessions
            .take_tokens(route.output, wire, &mut headers)
            .and_then(|rest| json::write(gateway.contract, route.output, &rest, &mut text)),
        _ => json::write(gateway.contract, route.output, wire, &mut text),
    };
    if written.is_err() {
        tracing::error!(method = route.method.path, "the answer does not fit its contract");
        return Err(Problem::internal());
    }
    if route.method.session_effect == SessionEffect::End && credentials.in_cookies {
        gateway.sessions.clear(&mut headers);
    }
    let mut response = match route.method.dialect {
        Dialect::Scim => scim::response(route.rule.verb, text, &mut headers),
        Dialect::Unspecified => Response::new(Body::from(text)),
    };
    *response.headers_mut() = headers;
    Ok(response)
}

fn media_type(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Scim => scim::MEDIA_TYPE,
        Dialect::Unspecified => JSON,
    }
}

/// A refused call. A session that can't be refreshed is over, so its cookies go.
fn refused(gateway: &Gateway, route: &Route, credentials: &Credentials, status: &Status) -> Result<Response, Problem> {
    let mut problem = problem(route, status);
    let over = route.method.session_effect == SessionEffect::Refresh && problem.status == StatusCode::UNAUTHORIZED;
    if over && credentials.refresh.is_some() {
        gateway.sessions.clear(problem.headers_mut());
    }
    Err(problem)
}

/// The problem that a failed call of a route makes.
pub fn problem(route: &Route, status: &Status) -> Problem {
    let body_field = match route.rule.body {
        RouteBody::Field(index) => Some(route.input.fields[index].name.as_str()),
        _ => None,
    };
    Problem::from_status(status, Some(route.rule), body_field)
}

/// RFC 7240: `Prefer: wait=5`.
fn wish(headers: &HeaderMap) -> Option<u64> {
    let prefer = headers.get(PREFER)?.to_str().ok()?;
    let wait = prefer.split([',', ';']).find_map(|preference| preference.trim().strip_prefix("wait="))?;
    wait.trim_matches('"').parse().ok().filter(|seconds| *seconds > 0)
}

pub fn metadata(visit: &Visit, head: &HeaderMap, credentials: &Credentials, timeout: Duration) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(16);
    for name in FORWARDED {
        if let Some(value) = head.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    if let Some(authorization) = &credentials.authorization {
        headers.insert(AUTHORIZATION, authorization.clone());
    }
    headers.insert(REQUEST_ID, visit.request_id.clone());
    if let Some(address) = visit.address
        && let Ok(address) = HeaderValue::try_from(address.to_string())
    {
        headers.insert(FORWARDED_FOR, address);
    }
    if let Ok(timeout) = HeaderValue::try_from(format!("{}m", timeout.as_millis())) {
        headers.insert(TIMEOUT, timeout);
    }
    // Replaces the caller's own trace parent by our span, where spans are made.
    telemetry::propagate(&mut headers);
    headers
}

async fn read_body(head: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Problem> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let too_large = || Problem::new(StatusCode::PAYLOAD_TOO_LARGE, &BODY_TOO_LARGE).arg("limit", &limit);
    if declared_length(head).is_some_and(|length| length > limit as u64) {
        return Err(too_large());
    }
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(Fault::at("", &BODY_BROKEN).into()),
    }
}

pub fn declared_length(head: &HeaderMap) -> Option<u64> {
    head.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn require_json(head: &HeaderMap, dialect: Dialect) -> Result<(), Problem> {
    let text = head.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = text.split(';');
    let essence = parts.next().unwrap_or_default().trim();
    let utf8 = parts.all(|parameter| match parameter.trim().split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
            value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    let expected = media_type(dialect);
    match (essence.eq_ignore_ascii_case(JSON) || essence.eq_ignore_ascii_case(expected)) && utf8 {
        true => Ok(()),
        false => Err(unsupported_media_type(expected)),
    }
}

pub fn unsupported_media_type(expected: &'static str) -> Problem {
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, &MEDIA_TYPE_UNSUPPORTED).arg("expected", &expected)
}
