//! Answers of many messages: files as they are, everything else as server-sent events for those who ask for them and as
//! JSON lines for the rest.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, HeaderValue,
    IF_NONE_MATCH,
};
use http::{HeaderMap, StatusCode};
use platform::contract::wire::{Malformed, Reader};
use platform::contract::{Contract, Message};
use platform::locale::Locale;
use tokio::time::{Instant, Interval, interval_at};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::call::{Prepared, problem, request_message};
use crate::gateway::Gateway;
use crate::grpc::{self, Messages};
use crate::json;
use crate::problem::{Call, Problem};
use crate::routes::{Kind, Route};
use crate::visit::Visit;

pub const EVENTS: &str = "text/event-stream";
pub const LINES: &str = "application/x-ndjson";

const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long the head of an answer waits for the first message, so that a call that fails at once fails properly.
const PATIENCE: Duration = Duration::from_secs(1);

pub async fn answer(
    gateway: &Gateway,
    visit: &Visit,
    mut call: Prepared<'_>,
    head: &HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let route = call.route;
    let message = request_message(gateway, &call, head, body).await?;
    let headers = std::mem::take(&mut call.headers);
    let deadline = Instant::now() + call.timeout;
    let failed = |status: Status| problem(route, &status);
    let mut messages = grpc::call(call.upstream, &route.uri, headers, grpc::single(message)).await.map_err(failed)?;
    if route.kind == Kind::Download {
        let first = messages.next().await.map_err(failed)?;
        return download(gateway.contract, route, messages, first.as_ref(), head, deadline);
    }
    let first = match tokio::time::timeout(PATIENCE, messages.next()).await {
        Ok(first) => Some(first.map_err(failed)?),
        Err(_) => None,
    };
    let events = head.get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains(EVENTS));
    let told = visit.call();
    let state = State {
        contract: gateway.contract,
        output: route.output,
        messages,
        ahead: first,
        form: if events { Form::Events } else { Form::Lines },
        heartbeat: interval_at(Instant::now() + HEARTBEAT, HEARTBEAT),
        deadline,
        stop: gateway.stop.clone(),
        locale: told.locale,
        request_id: told.request_id.to_owned(),
        trace_id: told.trace_id,
        done: false,
    };
    // Compression asks once more after the end, which an unfolded stream answers with a panic.
    let body = Body::from_stream(stream::unfold(state, State::next).fuse());
    let mut response = Response::new(body);
    let content_type = if events { EVENTS } else { LINES };
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies of the nginx kind would hold events back.
    response.headers_mut().insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Events,
    Lines,
}

struct State {
    contract: &'static Contract,
    output: &'static Message,
    messages: Messages,
    /// The message that was waited for before the head was sent; `Some(None)` is the end.
    ahead: Option<Option<Bytes>>,
    form: Form,
    heartbeat: Interval,
    deadline: Instant,
    /// The process ends, and waits for no stream.
    stop: CancellationToken,
    locale: Locale,
    request_id: String,
    trace_id: Option<String>,
    done: bool,
}

impl State {
    async fn next(mut self) -> Option<(Result<Bytes, std::io::Error>, State)> {
        if self.done {
            return None;
        }
        let next = match self.ahead.take() {
            Some(ahead) => Ok(ahead),
            None => tokio::select! {
                message = self.messages.next() => message,
                _ = self.heartbeat.tick() => return Some((Ok(self.beat()), self)),
                () = self.stop.cancelled() => Err(Status::unavailable("the gateway stops")),
                () = tokio::time::sleep_until(self.deadline) => Err(Status::deadline_exceeded("the stream took too long")),
            },
        };
        let piece = match next {
            Ok(Some(wire)) => self.message(&wire),
            Ok(None) => {
                self.done = true;
                match self.form {
                    Form::Events => Bytes::from_static(b"event: end\ndata: {}\n\n"),
                    Form::Lines => return None,
                }
            }
            Err(status) => self.failure(&Problem::from_status(&status, None, None)),
        };
        Some((Ok(piece), self))
    }

    fn message(&mut self, wire: &[u8]) -> Bytes {
        let mut text = Vec::with_capacity(wire.len() * 2 + 64);
        if self.form == Form::Events {
            text.extend_from_slice(b"data: ");
        }
        if json::write(self.contract, self.output, wire, &mut text).is_err() {
            tracing::error!(message = self.output.full_name, "the answer does not fit its contract");
            return self.failure(&Problem::internal());
        }
        text.extend_from_slice(if self.form == Form::Events { b"\n\n" } else { b"\n" });
        text.into()
    }

    /// Keeps proxies from taking a silent stream for a dead one. Lines have blank ones for that.
    fn beat(&self) -> Bytes {
        Bytes::from_static(if self.form == Form::Events { b":\n\n" } else { b"\n" })
    }

    /// The head is sent, so the problem is the last thing in the stream.
    fn failure(&mut self, problem: &Problem) -> Bytes {
        self.done = true;
        let call = Call { locale: self.locale, request_id: &self.request_id, trace_id: self.trace_id.clone() };
        let problem = problem.to_json(&call);
        match self.form {
            Form::Events => format!("event: problem\ndata: {problem}\n\n").into(),
            Form::Lines => format!("{}\n", serde_json::json!({ "problem": problem })).into(),
        }
    }
}

/// A file: its type stands in the first message, its name in the call's metadata.
fn download(
    contract: &'static Contract,
    route: &Route,
    messages: Messages,
    first: Option<&Bytes>,
    head: &HeaderMap,
    deadline: Instant,
) -> Result<Response, Problem> {
    let (content_type, data) = match first {
        Some(wire) => part(route.output, wire).map_err(|_| broken(route))?,
        None => (None, Bytes::new()),
    };
    let disposition = messages.headers.get(CONTENT_DISPOSITION).cloned();
    let etag = messages.headers.get(ETAG).cloned();
    if let Some(etag) = &etag
        && head.get(IF_NONE_MATCH).is_some_and(|known| matches(known, etag))
    {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().insert(ETAG, etag.clone());
        response.headers_mut().insert(CACHE_CONTROL, REVALIDATED);
        return Ok(response);
    }
    let output = contract.message(route.method.output);
    let rest = stream::unfold((messages, Some(data)), move |(mut messages, first)| async move {
        if let Some(data) = first {
            return Some((Ok(data), (messages, None)));
        }
        let next = tokio::time::timeout_at(deadline, messages.next()).await;
        match next.unwrap_or_else(|_| Err(Status::deadline_exceeded("the download took too long"))) {
            Ok(Some(wire)) => {
                let data = part(output, &wire).map(|(_, data)| data).map_err(std::io::Error::other);
                Some((data, (messages, None)))
            }
            Ok(None) => None,
            // Breaking the body off is the only way left to tell that the file is not whole.
            Err(status) => {
                tracing::warn!(code = ?status.code(), "a download broke off");
                Some((Err(std::io::Error::other(status)), (messages, None)))
            }
        }
    });
    let mut response = Response::new(Body::from_stream(rest.fuse()));
    let content_type = content_type.and_then(|text| HeaderValue::try_from(text).ok());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type.unwrap_or(HeaderValue::from_static("application/octet-stream")));
    headers.insert(CONTENT_SECURITY_POLICY, FILE_POLICY);
    headers.insert(CACHE_CONTROL, if etag.is_some() { REVALIDATED } else { HeaderValue::from_static("no-store") });
    if let Some(etag) = etag {
        headers.insert(ETAG, etag);
    }
    if let Some(disposition) = disposition {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

/// Kept by the browser of the person alone, and asked for again whether it still holds.
const REVALIDATED: HeaderValue = HeaderValue::from_static("private, no-cache");

/// Whatever a file holds, a browser that shows it runs nothing of it in the name of the product.
const FILE_POLICY: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'; frame-ancestors 'none'");

/// RFC 9110, 13.1.2: one of a list, weak or not.
fn matches(known: &HeaderValue, etag: &HeaderValue) -> bool {
    let (Ok(known), Ok(etag)) = (known.to_str(), etag.to_str()) else { return false };
    known.split(',').map(|one| one.trim().trim_start_matches("W/")).any(|one| one == "*" || one == etag)
}

fn broken(route: &Route) -> Problem {
    tracing::error!(method = route.method.path, "the answer does not fit its contract");
    Problem::internal()
}

/// Type and bytes of a `google.api.HttpBody`.
fn part(message: &Message, wire: &Bytes) -> Result<(Option<String>, Bytes), Malformed> {
    let (mut content_type, mut data) = (None, Bytes::new());
    let mut reader = Reader::new(wire);
    while let Some((number, value)) = reader.field().transpose()? {
        match message.field_index(number).map(|index| message.fields[index].name.as_str()) {
            Some("content_type") => content_type = Some(value.text()?.to_owned()),
            Some("data") => data = wire.slice_ref(value.bytes()?),
            _ => {}
        }
    }
    Ok((content_type, data))
}
