//! Stands before every method: authenticates, decides by the contract, validates the request, calls, masks the answer.
//! Works on wire bytes, so no service can forget any of it, over a transport ([`Guard`]) or without ([`Local`]).

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{BufMut, Bytes, BytesMut};
use chrono::Utc;
use contracts::options::Visibility;
use contracts::unary::Unary;
use futures::future::BoxFuture;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use moka::sync::Cache;
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::Service;
use tracing::Instrument;
use uuid::Uuid;

use super::token::{AccessClaims, verify_access_token, verify_service_token};
use super::{Call, Caller, PolicyCache, Session, denied, inbound, outbound};
use crate::contract::{self, Contract, Look, Method, WellKnown};
use crate::deadline;
use crate::error::{Error, Result, reason};
use crate::locale::{self, Locale};
use crate::telemetry;

/// Length of the prefix of a gRPC message: a flag and four bytes of length.
pub(super) const PREFIX: usize = 5;
pub(super) const REQUEST_LIMIT: usize = 4 * 1024 * 1024;
const VERIFIED_TOKENS: u64 = 100_000;

/// Everything that authenticates a call.
pub struct Access {
    policy: Arc<PolicyCache>,
    service_secret: String,
    /// Tokens whose signature was good, by digest; expiry, session and employee are looked at every time.
    verified: Cache<[u8; 32], AccessClaims>,
}

impl Access {
    pub fn new(policy: Arc<PolicyCache>, service_secret: String) -> Self {
        Self { policy, service_secret, verified: Cache::new(VERIFIED_TOKENS) }
    }

    pub fn policy(&self) -> &Arc<PolicyCache> {
        &self.policy
    }

    /// Who stands behind the `authorization` header. No header: nobody. A header that does not hold: an error.
    pub fn authenticate(&self, authorization: Option<&HeaderValue>) -> Result<Caller> {
        let Some(authorization) = authorization else { return Ok(Caller::anonymous()) };
        let invalid = || Error::new(Code::Unauthenticated, &reason::TOKEN_INVALID);
        let (scheme, token) =
            authorization.to_str().ok().and_then(|value| value.split_once(' ')).ok_or_else(invalid)?;
        if scheme == "Service" {
            let name = verify_service_token(token, &self.service_secret).map_err(|_| invalid())?;
            return Ok(Caller::service(&name));
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(invalid());
        }
        if !self.policy.is_fresh() {
            return Err(Error::new(Code::Unavailable, &reason::POLICY_STALE));
        }
        let claims = self.claims(token).ok_or_else(invalid)?;
        let session = Session {
            id: claims.sid,
            auth_time: claims.auth_time,
            second_factor: claims.second_factor,
            expire_time: claims.exp,
            permitted: claims.permissions.map(Into::into),
        };
        self.holder(claims.sub, session)
    }

    /// The person behind a session, as the policy knows them now.
    fn holder(&self, employee_id: Uuid, session: Session) -> Result<Caller> {
        let policy = self.policy.policy();
        let over = session.expire_time <= Utc::now().timestamp() || policy.session_revoked(session.id);
        match policy.employee(employee_id).filter(|employee| employee.active && !over).cloned() {
            Some(employee) => Ok(Caller::employee(policy, employee, session)),
            None => Err(Error::new(Code::Unauthenticated, &reason::TOKEN_INVALID)),
        }
    }

    /// Who makes a call that lasts, with what the policy allows them now; an error once the same call would be refused.
    pub fn again(&self, call: &Call) -> Result<Caller> {
        let method = Contract::get().method(call.method);
        self.readmit(method.ok_or_else(|| Error::internal(anyhow::anyhow!("no such method")))?, &call.caller)
    }

    pub(super) fn readmit(&self, method: &Method, caller: &Caller) -> Result<Caller> {
        let caller = match caller.session() {
            Some(_) if !self.policy.is_fresh() => return Err(Error::new(Code::Unavailable, &reason::POLICY_STALE)),
            Some((employee_id, session)) => self.holder(employee_id, session.clone())?,
            None => caller.clone(),
        };
        permit(method, &caller)?;
        Ok(caller)
    }

    fn claims(&self, token: &str) -> Option<AccessClaims> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        if let Some(claims) = self.verified.get(&digest) {
            return Some(claims);
        }
        let claims = verify_access_token(token, |kid| self.policy.key(kid)).ok()?;
        self.verified.insert(digest, claims.clone());
        Some(claims)
    }

    fn admit(&self, method: &Method, headers: &HeaderMap) -> Result<Caller> {
        let caller = match (self.authenticate(headers.get(http::header::AUTHORIZATION)), method.access) {
            // A stale token must not stand in the way of signing in.
            (Err(_), contract::Access::Public) => Caller::anonymous(),
            (caller, _) => caller?,
        };
        permit(method, &caller)?;
        Ok(caller)
    }
}

/// Whether the contract lets the caller make the call.
fn permit(method: &Method, caller: &Caller) -> Result<()> {
    let signed_in = caller.employee_id().is_some() || caller.is_service();
    match method.access {
        contract::Access::Public => return Ok(()),
        _ if !signed_in => return Err(Error::new(Code::Unauthenticated, &reason::UNAUTHENTICATED)),
        _ if caller.password_change_required() && !method.before_password_change => {
            return Err(Error::permission_denied(&reason::PASSWORD_CHANGE_REQUIRED));
        }
        _ if caller.second_factor_missing() && !method.before_password_change => {
            return Err(Error::permission_denied(&reason::SECOND_FACTOR_REQUIRED));
        }
        // A key that was lost must not lead to the account that it belongs to.
        contract::Access::SignedIn if caller.by_key() && !method.only_reads() => {
            return Err(Error::permission_denied(&reason::PERSON_REQUIRED));
        }
        contract::Access::SignedIn => {}
        contract::Access::Permission(permission) if caller.allows(permission) => {}
        contract::Access::Permission(permission) => return Err(denied(permission)),
    }
    if method.step_up && !caller.is_service() && !caller.recently_proven() {
        return Err(Error::permission_denied(&reason::STEP_UP_REQUIRED));
    }
    Ok(())
}

/// The tower layer around a service's routes.
#[derive(Clone)]
pub struct Guard<S> {
    inner: S,
    access: Arc<Access>,
}

impl<S> Guard<S> {
    pub fn new(inner: S, access: Arc<Access>) -> Self {
        Self { inner, access }
    }
}

impl<S> Service<Request<Body>> for Guard<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let inner = self.inner.clone();
        let access = self.access.clone();
        let surroundings = Surroundings::of(request.uri().path(), request.headers());
        Box::pin(surroundings.around(async move {
            let answer = guarded(inner, &access, request).await;
            Ok(answer.unwrap_or_else(|error| Status::from(error).into_http()))
        }))
    }
}

/// The services of this process, called without a transport and behind the same guard.
pub struct Local {
    services: HashMap<&'static str, Box<dyn Unary>>,
    access: Arc<Access>,
}

impl Local {
    pub fn new(services: Vec<Box<dyn Unary>>, access: Arc<Access>) -> Self {
        Self { services: services.into_iter().map(|service| (service.service(), service)).collect(), access }
    }

    /// Calls a method of one message in and one out; headers as over a transport.
    pub async fn call(&self, method: &'static Method, headers: &HeaderMap, message: Bytes) -> Result<Bytes, Status> {
        let surroundings = Surroundings::of(&method.path, headers);
        surroundings.around(self.guarded(method, headers, message)).await
    }

    /// The same for a call that came over a transport.
    pub(crate) async fn answer(
        &self,
        method: &'static Method,
        request: Request<Body>,
    ) -> Result<Response<Body>, Status> {
        let (parts, body) = request.into_parts();
        let frame = read(body).await?;
        unframe(&frame)?;
        let answer = self.call(method, &parts.headers, frame.slice(PREFIX..)).await?;
        let mut framed = BytesMut::with_capacity(PREFIX + answer.len());
        framed.put_u8(0);
        framed.put_u32(answer.len() as u32);
        framed.extend_from_slice(&answer);
        let trailers = HeaderMap::from_iter([(HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"))]);
        let body = Full::new(framed.freeze()).with_trailers(std::future::ready(Some(Ok(trailers))));
        let mut response = Response::new(Body::new(body));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        Ok(response)
    }

    async fn guarded(&self, method: &'static Method, headers: &HeaderMap, message: Bytes) -> Result<Bytes, Status> {
        let contract = Contract::get();
        let caller = self.access.admit(method, headers)?;
        let mut call = call_of(method, headers, caller.clone())?;
        if message.len() > REQUEST_LIMIT {
            return Err(Error::new(Code::InvalidArgument, &reason::INVALID_REQUEST).into());
        }
        call.hold_to(contract, method, &message)?;
        let mut request = tonic::Request::new(message);
        request.extensions_mut().insert(call);
        let service = method.path.split('/').nth(1).and_then(|name| self.services.get(name));
        let reply = service.and_then(|service| service.call(&method.name, request));
        let answer = reply.ok_or_else(|| Status::unimplemented("no such method here"))?.await?;
        Ok(match look(contract, method, &caller) {
            Some(look) => contract.mask_for(method.output, answer, look),
            None => answer,
        })
    }
}

/// The language, the time and the span in which a call is answered.
struct Surroundings {
    locale: Locale,
    deadline: Option<Instant>,
    span: tracing::Span,
}

impl Surroundings {
    fn of(path: &str, headers: &HeaderMap) -> Self {
        let locale = text(headers, "accept-language").map(Locale::negotiate).unwrap_or_default();
        let deadline =
            text(headers, "grpc-timeout").and_then(deadline::read).and_then(|left| Instant::now().checked_add(left));
        let span = telemetry::enter(text(headers, "traceparent"), || {
            tracing::info_span!("rpc", "otel.name" = path, "otel.kind" = "server")
        });
        Self { locale, deadline, span }
    }

    async fn around<F: Future>(self, call: F) -> F::Output {
        locale::scope(self.locale, deadline::scope(self.deadline, call.instrument(self.span))).await
    }
}

async fn guarded<S>(mut inner: S, access: &Arc<Access>, request: Request<Body>) -> Result<Response<Body>>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    let contract = Contract::get();
    let Some(method) = contract.method(request.uri().path()) else {
        return Ok(Status::unimplemented("no such method").into_http());
    };
    let caller = access.admit(method, request.headers())?;
    let (mut parts, body) = request.into_parts();
    let mut call = call_of(method, &parts.headers, caller.clone())?;
    let body = if method.client_streaming {
        inbound::validated(method.input, body)
    } else {
        let frame = read(body).await?;
        call.hold_to(contract, method, unframe(&frame)?)?;
        Body::new(Full::new(frame))
    };
    parts.extensions.insert(call);
    let Ok(response) = inner.call(Request::from_parts(parts, body)).await;
    let is_file = contract.message(method.output).well_known == WellKnown::HttpBody;
    if method.server_streaming && !is_file {
        return Ok(outbound::lasting(access.clone(), method, caller, response));
    }
    Ok(match look(contract, method, &caller) {
        Some(look) => outbound::masked(method, look, response),
        None => response,
    })
}

impl Call {
    /// Checks the message, and remembers it where a repetition must be the same.
    fn hold_to(&mut self, contract: &Contract, method: &Method, message: &[u8]) -> Result<()> {
        contract.validate(method.input, message).map_err(Error::invalid_fields)?;
        if self.idempotency_key.is_some() {
            self.request_digest = Sha256::digest(message).to_vec();
        }
        Ok(())
    }
}

/// How the caller sees the answers of a method; nothing when all is clear.
pub(super) fn look(contract: &Contract, method: &Method, caller: &Caller) -> Option<Look> {
    if !contract.holds_personal_data(method.output) {
        return None;
    }
    let seen = |kind| match caller.visibility(kind) {
        Visibility::Masked if method.reveals => Visibility::Clear,
        visibility => visibility,
    };
    let look = Look::new(&seen);
    (!look.all_clear()).then_some(look)
}

fn call_of(method: &'static Method, headers: &HeaderMap, caller: Caller) -> Result<Call> {
    let idempotency_key = match headers.get("idempotency-key") {
        None => None,
        Some(key) => match key.to_str() {
            Ok(key) if (1..=128).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Some(key.to_owned())
            }
            _ => return Err(Error::invalid("Idempotency-Key", &reason::IDEMPOTENCY_KEY_INVALID)),
        },
    };
    // One that is taken for none would let a change through that its caller meant to hold back.
    let if_match = match headers.get("if-match").map(|versions| versions.to_str()) {
        None => None,
        Some(Ok(versions)) if !versions.trim().is_empty() => Some(versions.to_owned()),
        Some(_) => return Err(Error::invalid("If-Match", &reason::VALUE_INVALID)),
    };
    Ok(Call {
        caller,
        method: &method.path,
        idempotency_key: idempotency_key.filter(|_| method.replayed),
        request_digest: Vec::new(),
        request_id: text(headers, "x-request-id").map_or_else(|| Uuid::now_v7().to_string(), str::to_owned),
        address: text(headers, "x-forwarded-for").unwrap_or_default().to_owned(),
        if_match,
    })
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The one message of a unary request, with its prefix.
async fn read(body: Body) -> Result<Bytes> {
    let limited = http_body_util::Limited::new(body, REQUEST_LIMIT + PREFIX);
    let collected = limited.collect().await.map_err(|_| Error::new(Code::InvalidArgument, &reason::INVALID_REQUEST))?;
    Ok(collected.to_bytes())
}

fn unframe(frame: &Bytes) -> Result<&[u8]> {
    match frame.get(..PREFIX) {
        Some(prefix) if prefix[0] == 0 && frame.len() - PREFIX == u32_of(&prefix[1..]) => Ok(&frame[PREFIX..]),
        _ => Err(Error::new(Code::InvalidArgument, &reason::INVALID_REQUEST)),
    }
}

pub(super) fn u32_of(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte))
}
