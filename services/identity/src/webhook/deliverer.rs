//! Sends what is due, a few at a time for each endpoint. A delivery is leased, sent and written down: whoever dies in
//! between leaves it to be sent again, under the same id.

use std::sync::Arc;
use std::time::Duration;

use platform::db::{AuditEntry, Db};
use platform::error::Result;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Webhooks;
use super::delivery::rules::{self, Verdict};
use super::delivery::store::{self, Leased};
use super::endpoint::{self, rules::DisableReason};
use super::event::TEST;
use super::notice;
use super::transport::{Outcome, Outgoing};

/// How often the log is looked into.
const POLL: Duration = Duration::from_millis(250);

/// Messages at the same time, over all endpoints and for one.
const CONCURRENCY: usize = 32;
const CONCURRENCY_OF_ENDPOINT: i64 = 4;

/// How long a shutdown waits for answers; what is sent again later does no harm.
const DRAIN: Duration = Duration::from_secs(15);

#[derive(Clone)]
pub struct Deliverer {
    db: Db,
    webhooks: Arc<Webhooks>,
}

impl Deliverer {
    pub fn new(db: &Db, webhooks: Arc<Webhooks>) -> Self {
        Self { db: db.clone(), webhooks }
    }

    /// Works until told to stop; failures are waited out.
    pub async fn run(self, stop: CancellationToken) {
        let mut sends: JoinSet<()> = JoinSet::new();
        let mut failing = false;
        while !stop.is_cancelled() {
            match self.take_on(&mut sends).await {
                Ok(()) => failing = false,
                // Several times a second says nothing more than once.
                Err(error) if !failing => {
                    tracing::warn!("webhooks: {error}");
                    failing = true;
                }
                Err(_) => {}
            }
            tokio::select! {
                () = stop.cancelled() => {}
                Some(_) = sends.join_next() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
        let drained = tokio::time::timeout(DRAIN, async { while sends.join_next().await.is_some() {} });
        let _ = drained.await;
    }

    async fn take_on(&self, sends: &mut JoinSet<()>) -> Result<()> {
        let free = CONCURRENCY.saturating_sub(sends.len());
        let now = self.webhooks.clock.now();
        for leased in store::lease(self.db.pool(), now, free as i64, CONCURRENCY_OF_ENDPOINT).await? {
            let deliverer = self.clone();
            sends.spawn(async move {
                let id = leased.id;
                if let Err(error) = deliverer.deliver(leased).await {
                    // The lease runs out, and the delivery is sent again.
                    tracing::warn!(delivery = %id, "a webhook's attempt could not be written down: {error}");
                }
            });
        }
        Ok(())
    }

    async fn deliver(&self, leased: Leased) -> Result<()> {
        let time = self.webhooks.clock.now();
        let open = |sealed: &Vec<u8>| self.webhooks.open_secret(leased.endpoint_id, sealed);
        let secrets: Option<Vec<Vec<u8>>> = leased.secrets.iter().map(open).collect();
        let webhook_id = leased.event_id.to_string();
        let outcome = match &secrets {
            // Sealed under a key that the installation no longer has.
            None => Outcome::failed("SECRET_UNREADABLE"),
            Some(secrets) => {
                let outgoing = Outgoing {
                    url: &leased.url,
                    webhook_id: &webhook_id,
                    timestamp: time.timestamp(),
                    body: &leased.body,
                    secrets,
                };
                self.webhooks.transport.send(&outgoing).await
            }
        };
        metrics_of(&outcome);
        self.write_down(&leased, time, &outcome).await
    }

    /// The attempt, what follows for the delivery and for those behind it, and what follows for the endpoint.
    async fn write_down(&self, leased: &Leased, time: chrono::DateTime<chrono::Utc>, outcome: &Outcome) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let verdict = rules::verdict(outcome, leased.step, leased.event_type == TEST);
        // The endpoint before its deliveries, as whoever disables it goes.
        let failing = match &verdict {
            Verdict::Delivered => {
                endpoint::store::recovered(tx.connection(), leased.endpoint_id).await?;
                None
            }
            _ if leased.event_type == TEST => None,
            _ => endpoint::store::failing(tx.connection(), leased.endpoint_id, time).await?,
        };
        if !store::attempt_end(tx.connection(), leased, &verdict, self.webhooks.clock.now()).await? {
            // Disabled or leased anew meanwhile.
            return Ok(());
        }
        store::attempt_insert(tx.connection(), leased.id, time, outcome).await?;
        let reason = failing.and_then(|since| rules::disabling(outcome, since, time));
        if let Some(reason) = reason {
            self.disable(&mut tx, leased.endpoint_id, reason).await?;
        }
        tx.commit().await
    }

    async fn disable(&self, tx: &mut platform::db::Tx, endpoint_id: Uuid, reason: DisableReason) -> Result<()> {
        let now = self.webhooks.clock.now();
        let Some(revision) = endpoint::store::disable(tx.connection(), endpoint_id, reason, now).await? else {
            return Ok(());
        };
        store::skip_pending(tx.connection(), endpoint_id, now).await?;
        endpoint::emit_changed(tx, endpoint_id, revision, false, reason);
        tx.audit(AuditEntry {
            action: "webhook_endpoint.disabled",
            record_kind: "webhook_endpoint",
            record_id: endpoint_id,
            subject_id: endpoint_id,
            changes: vec![endpoint::rules::change("disable_reason", "", reason.as_str_name())],
        });
        notice::notify(tx, endpoint_id).await?;
        tracing::warn!(endpoint = %endpoint_id, reason = reason.as_str_name(), "a webhook was disabled");
        Ok(())
    }
}

fn metrics_of(outcome: &Outcome) {
    let result = if (200..300).contains(&outcome.status_code) { "taken" } else { "refused" };
    metrics::histogram!("changke_webhook_seconds", "result" => result).record(outcome.latency);
}
