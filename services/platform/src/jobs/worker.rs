//! Leases jobs and runs them, a few at a time. One loop keeps the leases alive, passes on requests to cancel, and takes
//! in new jobs as places become free; each run has a task of its own.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::JobHandler;
use super::crew::Crew;
use super::housekeeping::Housekeeping;
use super::registry::{Recurring, Registry};
use crate::db::Db;
use crate::error::Result;

/// How often due jobs and requests to cancel are looked for when nobody told of them.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(10);

const CONCURRENCY: usize = 4;

/// Runs the jobs of one service.
pub struct Worker {
    pub(super) db: Db,
    pub(super) registry: Registry,
    pub(super) concurrency: usize,
    pub(super) first_pause: Duration,
    pub(super) most_pause: Duration,
    drain: Duration,
}

impl Worker {
    /// A worker that does the housekeeping of the platform's tables.
    pub fn new(db: &Db) -> Self {
        let worker = Self {
            db: db.clone(),
            registry: Registry::default(),
            concurrency: CONCURRENCY,
            first_pause: Duration::from_secs(1),
            most_pause: Duration::from_secs(600),
            drain: Duration::from_secs(20),
        };
        worker.register(Housekeeping).every::<Housekeeping>(Duration::from_secs(3600), "platform.housekeeping", &())
    }

    #[must_use]
    pub fn register<H: JobHandler>(mut self, handler: H) -> Self {
        self.registry.register(handler);
        self
    }

    /// Runs a job of this kind again and again; the next one is due so long after one has ended, over all replicas.
    /// The payload must become JSON.
    #[must_use]
    pub fn every<H: JobHandler>(mut self, every: Duration, unique_key: &str, payload: &H::Payload) -> Self {
        let payload = serde_json::to_value(payload).expect("payloads of recurring jobs are constants");
        self.registry.recurring.insert(unique_key.to_owned(), Recurring { kind: H::KIND, payload, every });
        self
    }

    /// Jobs at the same time.
    #[must_use]
    pub fn concurrency(self, concurrency: usize) -> Self {
        Self { concurrency, ..self }
    }

    /// The pause after a first failure, doubling up to the most.
    #[must_use]
    pub fn pauses(self, first_pause: Duration, most_pause: Duration) -> Self {
        Self { first_pause, most_pause, ..self }
    }

    /// How long a shutdown waits for running jobs.
    #[must_use]
    pub fn drain(self, drain: Duration) -> Self {
        Self { drain, ..self }
    }

    /// Works until told to stop, then lets running jobs end and hands the rest to others.
    pub async fn run(self, stop: CancellationToken) {
        let (db, drain) = (self.db.clone(), self.drain);
        let mut crew = Crew::new(self);
        let mut heartbeat = ticks(HEARTBEAT_INTERVAL);
        let mut poll = ticks(POLL_INTERVAL);
        let mut scheduled = false;
        while !stop.is_cancelled() {
            if !scheduled {
                scheduled = log("schedule", crew.schedule_recurring().await).is_some();
            }
            log("lease", crew.take_on().await);
            tokio::select! {
                () = stop.cancelled() => {}
                () = db.enqueued().notified() => {}
                ended = crew.next_end() => crew.dismiss(ended).await,
                _ = heartbeat.tick() => { log("heartbeat", crew.look_after(true).await); }
                _ = poll.tick() => { log("cancel", crew.look_after(false).await); }
            }
        }

        let deadline = Instant::now() + drain;
        crew.tell_to_stop();
        while !crew.is_idle() {
            tokio::select! {
                ended = crew.next_end() => crew.dismiss(ended).await,
                _ = heartbeat.tick() => { log("heartbeat", crew.look_after(true).await); }
                () = tokio::time::sleep_until(deadline) => crew.hand_over().await,
            }
        }
    }
}

fn ticks(interval: Duration) -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Failures of the worker's own statements pass: the next turn tries again.
fn log<T>(what: &str, result: Result<T>) -> Option<T> {
    result.inspect_err(|error| tracing::warn!("jobs: {what}: {error}")).ok()
}
