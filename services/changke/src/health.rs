//! Probes for Kubernetes and people: started, able to serve, alive; and the metrics for Prometheus.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::future::{BoxFuture, Either};
use platform::access::PolicyCache;
use platform::db::Db;
use serde_json::{Value, json};
use tower::Service;

const METRICS: &str = "/metrics";

/// A database that takes longer to answer does not serve.
const PATIENCE: Duration = Duration::from_secs(2);

pub struct Health {
    pub databases: Vec<Db>,
    /// Of a process that serves more than the gateway.
    pub policy: Option<Arc<PolicyCache>>,
    /// Likewise.
    pub events: Option<platform::events::Events>,
    pub started: AtomicBool,
    pub draining: AtomicBool,
}

impl Health {
    /// Whether calls can be answered, and what each part says. A stream that is down degrades, no more: its events wait
    /// in the outbox.
    pub async fn report(&self) -> (bool, Value) {
        let mut ready = self.started.load(Ordering::Relaxed) && !self.draining.load(Ordering::Relaxed);
        let mut databases = serde_json::Map::new();
        for database in &self.databases {
            let query = sqlx::query("SELECT 1").execute(database.pool());
            let answers = matches!(tokio::time::timeout(PATIENCE, query).await, Ok(Ok(_)));
            ready &= answers;
            databases.insert(database.service().to_owned(), word(answers).into());
        }
        let policy = self.policy.as_ref().is_none_or(|policy| policy.is_fresh());
        ready &= policy;
        let report = json!({
            "status": word(ready),
            "databases": databases,
            "policy": word(policy),
            "events": word(self.events.as_ref().is_none_or(platform::events::Events::is_connected)),
        });
        (ready, report)
    }
}

fn word(well: bool) -> &'static str {
    if well { "ok" } else { "unavailable" }
}

pub fn router(health: Arc<Health>) -> Router {
    Router::new()
        .route("/health/live", get(|| async { "ok" }))
        .route("/health/startup", get(startup))
        .route("/health/ready", get(ready))
        .route(METRICS, get(metrics))
        .with_state(health)
}

async fn startup(State(health): State<Arc<Health>>) -> Response {
    if health.started.load(Ordering::Relaxed) {
        "ok".into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "starting").into_response()
    }
}

async fn ready(State(health): State<Arc<Health>>) -> Response {
    let (ready, report) = health.report().await;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(CONTENT_TYPE, "application/json")], report.to_string()).into_response()
}

async fn metrics() -> Response {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], platform::telemetry::metrics_handle().render()).into_response()
}

/// The gateway with the probes beside it.
#[derive(Clone)]
pub struct Public {
    front: gateway::Front,
    probes: Router,
    health: Arc<Health>,
}

impl Public {
    pub fn new(front: gateway::Front, health: Arc<Health>) -> Self {
        Self { front, probes: router(health.clone()), health }
    }
}

impl Service<Request> for Public {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let path = request.uri().path();
        let answer = match path == METRICS || path.starts_with("/health/") {
            true => Either::Left(self.probes.call(request)),
            false => Either::Right(self.front.call(request)),
        };
        let health = self.health.clone();
        Box::pin(async move {
            let mut answer = answer.await?;
            // While the process drains, every answer asks for its connection to be closed: a connection that is kept
            // could be closed just when the next call is on its way.
            if health.draining.load(Ordering::Relaxed) {
                answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(answer)
        })
    }
}
