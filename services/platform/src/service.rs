//! What a service is made of and how services reach each other: a call goes to an [`Upstream`], which is either the
//! service in this process or a channel to where it runs. Neither side can tell.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::future::BoxFuture;
use http::{Request, Response};
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::body::Body;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Endpoint, Server};
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

use crate::access::{Access, Guard};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::events::{Consumer, Events};
use crate::jobs::Worker;

/// After this a caller is asked to connect again, and so comes to see processes that were added meanwhile.
const CONNECTION_AGE: Duration = Duration::from_secs(300);

/// Where the calls to one service go.
pub type Upstream = BoxCloneSyncService<Request<Body>, Response<Body>, Status>;

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

    /// A request that the service makes on its own behalf.
    pub fn own_request<T>(&self, message: T) -> Result<tonic::Request<T>> {
        let token = crate::access::sign_service_token(&self.secret, self.name).map_err(Error::internal)?;
        let mut request = tonic::Request::new(message);
        request.metadata_mut().insert("authorization", format!("Service {token}").parse().map_err(Error::internal)?);
        request.set_timeout(Duration::from_secs(5));
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
    pub shutdown: CancellationToken,
}

/// What a service gives.
pub struct Parts {
    pub routes: Routes,
    pub consumers: Vec<Consumer>,
    pub worker: Option<Worker>,
    /// Runs until shutdown.
    pub tasks: Vec<BoxFuture<'static, ()>>,
}

/// A service of this process as an upstream, behind its guard.
pub fn in_process(routes: Routes, access: Arc<Access>) -> Upstream {
    let guarded = Guard::new(routes.prepare(), access);
    Upstream::new(guarded.map_err(|never: Infallible| match never {}))
}

/// A service that runs elsewhere; connects when first called.
pub fn remote(url: &str) -> anyhow::Result<Upstream> {
    let channel = Endpoint::from_shared(url.to_owned())?
        .connect_timeout(Duration::from_secs(2))
        .tcp_nodelay(true)
        .http2_keep_alive_interval(Duration::from_secs(10))
        .keep_alive_timeout(Duration::from_secs(5))
        .keep_alive_while_idle(true)
        .initial_connection_window_size(4 * 1024 * 1024)
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
    let routes = tonic::service::RoutesBuilder::from(axum::Router::new().fallback_service(dispatch)).routes();
    Server::builder()
        .tcp_nodelay(true)
        .initial_connection_window_size(4 * 1024 * 1024)
        .initial_stream_window_size(1024 * 1024)
        .http2_keepalive_interval(Some(Duration::from_secs(20)))
        .max_connection_age(CONNECTION_AGE)
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming, shutdown.cancelled_owned())
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
            Ok(service.oneshot(request.map(Body::new)).await.unwrap_or_else(Status::into_http))
        })
    }
}

/// Where a listener of [`bind`] listens.
pub fn local_address(incoming: &TcpIncoming) -> anyhow::Result<SocketAddr> {
    Ok(incoming.local_addr()?)
}
