//! What a service is made of and how services reach each other: a call goes to an [`Upstream`], which is either the
//! service in this process or a channel to where it runs. Neither side can tell.

mod whole_writes;

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use contracts::unary::Unary;
use futures::TryStreamExt;
use futures::future::BoxFuture;
use hmac::{Hmac, Mac};
use http::{Request, Response};
use sha2::Sha256;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::{Routes, RoutesBuilder};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Endpoint, Server};
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

use crate::access::{Access, Guard, Local};
use crate::blob::Blobs;
use crate::contract::Contract;
use crate::db::Db;
use crate::deadline;
use crate::error::{Error, Result};
use crate::events::{Consumer, Events};
use crate::jobs::Worker;
use whole_writes::WholeWrites;

/// The longest that a call of a service on its own behalf may last.
const OWN_CALLS: Duration = Duration::from_secs(5);

/// After this a caller is asked to connect again, and so comes to see processes that were added meanwhile.
const CONNECTION_AGE: Duration = Duration::from_secs(300);

/// The most that HTTP/2 has room for.
const MOST_WINDOW: u32 = i32::MAX as u32;

type Transport = BoxCloneSyncService<Request<Body>, Response<Body>, Status>;

/// Where the calls to one service go.
#[derive(Clone)]
pub struct Upstream {
    transport: Transport,
    local: Option<Arc<Local>>,
}

impl Upstream {
    /// Whatever answers gRPC.
    pub fn new<S>(transport: S) -> Self
    where
        S: tower::Service<Request<Body>, Response = Response<Body>, Error = Status> + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        Self { transport: Transport::new(transport), local: None }
    }

    /// The short way to a service of this process, for calls of one message in and one out.
    pub fn local(&self) -> Option<&Local> {
        self.local.as_deref()
    }
}

impl tower::Service<Request<Body>> for Upstream {
    type Response = Response<Body>;
    type Error = Status;
    type Future = <Transport as tower::Service<Request<Body>>>::Future;

    fn poll_ready(&mut self, context: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Status>> {
        self.transport.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.transport.call(request)
    }
}

/// The services of a contract that a deployable service has, ready for calls over a transport and without.
pub struct Services {
    routes: RoutesBuilder,
    local: Vec<Box<dyn Unary>>,
}

impl Default for Services {
    fn default() -> Self {
        Self { routes: Routes::builder(), local: Vec::new() }
    }
}

impl Services {
    /// `add(rpc, CustomerServiceServer::from_arc, CustomerServiceUnary)`
    #[must_use]
    pub fn add<T, S, U>(mut self, rpc: T, server: impl FnOnce(Arc<T>) -> S, unary: impl FnOnce(Arc<T>) -> U) -> Self
    where
        S: tower::Service<Request<Body>, Error = Infallible> + NamedService + Clone + Send + Sync + 'static,
        S::Response: axum::response::IntoResponse,
        S::Future: Send + 'static,
        U: Unary,
    {
        let rpc = Arc::new(rpc);
        self.routes.add_service(server(rpc.clone()));
        self.local.push(Box::new(unary(rpc)));
        self
    }
}

/// The upstreams of all services of the installation, complete once every service in the process is built.
#[derive(Clone, Default)]
pub struct Clients {
    upstreams: Arc<OnceLock<HashMap<String, Upstream>>>,
    secret: Arc<str>,
    name: &'static str,
}

impl Clients {
    pub fn new(secret: &str) -> Self {
        Self { upstreams: Arc::default(), secret: secret.into(), name: "" }
    }

    /// The same clients, calling as this service.
    #[must_use]
    pub fn calling_as(&self, name: &'static str) -> Self {
        Self { name, ..self.clone() }
    }

    pub fn complete(&self, upstreams: HashMap<String, Upstream>) {
        // The process builds its services once.
        let _ = self.upstreams.set(upstreams);
    }

    /// NOT deployed is `None`.
    pub fn get(&self, service: &str) -> Option<Upstream> {
        self.upstreams.get().and_then(|upstreams| upstreams.get(service)).cloned()
    }

    /// A key for a purpose of this installation, which no database holds.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        // HMAC takes keys of any length.
        let mut mac = match Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()) {
            Ok(mac) => mac,
            Err(error) => unreachable!("{error}"),
        };
        mac.update(b"changke/derive/");
        mac.update(purpose.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// A request that the service makes on its own behalf; no longer than the call that it answers may last.
    pub fn own_request<T>(&self, message: T) -> Result<tonic::Request<T>> {
        let token = crate::access::sign_service_token(&self.secret, self.name).map_err(Error::internal)?;
        let mut request = tonic::Request::new(message);
        request.metadata_mut().insert("authorization", format!("Service {token}").parse().map_err(Error::internal)?);
        request.set_timeout(deadline::left(OWN_CALLS));
        Ok(request)
    }
}

/// What a service is given.
#[derive(Clone)]
pub struct Context {
    pub db: Db,
    pub events: Events,
    pub clients: Clients,
    pub access: Arc<Access>,
    pub blobs: Blobs,
    pub shutdown: CancellationToken,
}

/// What a service gives.
pub struct Parts {
    pub services: Services,
    pub consumers: Vec<Consumer>,
    pub worker: Option<Worker>,
    /// Runs until shutdown.
    pub tasks: Vec<BoxFuture<'static, ()>>,
}

/// A service of this process as an upstream, behind its guard.
pub fn in_process(services: Services, access: Arc<Access>) -> Upstream {
    let guarded = Guard::new(services.routes.routes().prepare(), access.clone());
    let upstream = Upstream::new(guarded.map_err(|never: Infallible| match never {}));
    Upstream { local: Some(Arc::new(Local::new(services.local, access))), ..upstream }
}

/// A service that runs elsewhere; connects when first called.
pub fn remote(url: &str) -> anyhow::Result<Upstream> {
    let channel = Endpoint::from_shared(url.to_owned())?
        .connect_timeout(Duration::from_secs(2))
        .tcp_nodelay(true)
        .http2_keep_alive_interval(Duration::from_secs(10))
        .keep_alive_timeout(Duration::from_secs(5))
        .keep_alive_while_idle(true)
        // No limit but each stream's own: one that nobody reads must not hold up the calls beside it.
        .initial_connection_window_size(MOST_WINDOW)
        .initial_stream_window_size(1024 * 1024)
        .connect_lazy();
    Ok(Upstream::new(channel.map_err(|error| {
        tracing::warn!("upstream: {error:#}");
        match timed_out(&error) {
            true => Status::deadline_exceeded("the service did not answer in time"),
            false => Status::from(Error::unavailable(error)),
        }
    })))
}

/// Whether the channel gave up because the call's own time was over.
fn timed_out(error: &(dyn std::error::Error + 'static)) -> bool {
    error.is::<tonic::TimeoutExpired>() || error.source().is_some_and(timed_out)
}

/// Serves upstreams of this process over TCP to the other processes until shutdown, then drains.
pub async fn serve_grpc(
    incoming: TcpIncoming,
    services: HashMap<String, Upstream>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let dispatch = Dispatch { services: Arc::new(services) };
    let routes = RoutesBuilder::from(axum::Router::new().fallback_service(dispatch)).routes();
    Server::builder()
        .tcp_nodelay(true)
        .initial_connection_window_size(4 * 1024 * 1024)
        .initial_stream_window_size(1024 * 1024)
        .http2_keepalive_interval(Some(Duration::from_secs(20)))
        .max_connection_age(CONNECTION_AGE)
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming.map_ok(WholeWrites), shutdown.cancelled_owned())
        .await?;
    Ok(())
}

/// A listener for [`serve_grpc`]; binding early makes the port known before anything else starts.
pub fn bind(address: SocketAddr) -> anyhow::Result<TcpIncoming> {
    TcpIncoming::bind(address)
        .map(|incoming| incoming.with_nodelay(Some(true)))
        .map_err(|error| anyhow::anyhow!("{address}: {error}"))
}

/// Hands a call to the service that its path names: `/changke.<service>.v1.<Service>/<Method>`.
#[derive(Clone)]
struct Dispatch {
    services: Arc<HashMap<String, Upstream>>,
}

impl tower::Service<Request<axum::body::Body>> for Dispatch {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<axum::body::Body>) -> Self::Future {
        let service = request.uri().path().split('.').nth(1).and_then(|name| self.services.get(name)).cloned();
        Box::pin(async move {
            let Some(service) = service else { return Ok(Status::unimplemented("no such service here").into_http()) };
            let method = Contract::get().method(request.uri().path()).filter(|method| method.is_unary());
            let answer = match (service.local(), method) {
                (Some(local), Some(method)) => local.answer(method, request.map(Body::new)).await,
                _ => service.oneshot(request.map(Body::new)).await,
            };
            Ok(answer.unwrap_or_else(Status::into_http))
        })
    }
}

/// Where a listener of [`bind`] listens.
pub fn local_address(incoming: &TcpIncoming) -> anyhow::Result<SocketAddr> {
    Ok(incoming.local_addr()?)
}
