//! Probes for Kubernetes and people: started, able to serve, alive; and the metrics for Prometheus.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use platform::access::PolicyCache;
use platform::db::Db;
use serde_json::{Value, json};

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
        .route("/metrics", get(metrics))
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

/// While the process drains, every answer asks for its connection to be closed: a connection that is kept could be closed
/// just when the next call is on its way.
pub async fn say_goodbye(State(health): State<Arc<Health>>, request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    if health.draining.load(Ordering::Relaxed) {
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}
