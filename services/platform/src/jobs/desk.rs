//! Where one job runs: calls its handler and writes down how it ended, with the next run when it recurs.

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use tokio::time::Instant;

use super::JobFailure;
use super::context::Signals;
use super::registry::Registry;
use super::store::{self, End, JobState, LEASE, Leased};
use super::worker::Worker;
use crate::backoff;
use crate::db::Db;
use crate::error::Result;

pub(super) struct Desk {
    db: Db,
    registry: Registry,
    kinds: Vec<&'static str>,
    first_pause: Duration,
    most_pause: Duration,
}

impl Desk {
    pub(super) fn new(worker: Worker) -> Self {
        let Worker { db, registry, first_pause, most_pause, .. } = worker;
        Self { db, kinds: registry.kinds(), registry, first_pause, most_pause }
    }

    pub(super) fn db(&self) -> &Db {
        &self.db
    }

    pub(super) async fn lease(&self, limit: usize) -> Result<Vec<Leased>> {
        let mut connection = self.db.pool().acquire().await?;
        Ok(store::lease(&mut connection, &self.kinds, limit as i64).await?)
    }

    pub(super) async fn schedule_recurring(&self) -> Result<()> {
        let mut connection = self.db.pool().acquire().await?;
        for (key, job) in &self.registry.recurring {
            store::schedule(&mut connection, job.kind, &job.payload, key, Duration::ZERO).await?;
        }
        Ok(())
    }

    pub(super) async fn run(self: Arc<Self>, job: Arc<Leased>, signals: Signals) {
        let start = Instant::now();
        let end = if job.attempts > job.max_attempts {
            // Each of them ended with the process, so the job itself may be what ends it.
            End::Over(JobState::Dead, format!("none of {} attempts came to an end", job.max_attempts))
        } else {
            let result = match self.registry.runners.get(job.kind.as_str()) {
                Some(runner) => runner.run(self.db.clone(), &job, signals).await,
                None => Err(JobFailure::Fatal(anyhow!("nothing here runs jobs of kind {}", job.kind))),
            };
            match result {
                Ok(()) => End::Over(JobState::Done, String::new()),
                Err(failure) => self.end(&job, failure),
            }
        };
        self.finish(&job, &end).await;
        metrics::histogram!("changke_job_seconds", "kind" => job.kind.clone()).record(start.elapsed());
    }

    /// What a failure means for the job.
    pub(super) fn end(&self, job: &Leased, failure: JobFailure) -> End {
        let attempts = job.attempts_in_vain();
        match failure {
            JobFailure::Retry(error) if attempts < job.max_attempts => {
                let pause = backoff::pause(attempts.unsigned_abs(), self.first_pause, self.most_pause);
                tracing::warn!(kind = job.kind, job = %job.id, attempt = attempts, ?pause, "{error:#}");
                End::Again(pause, format!("{error:#}"))
            }
            JobFailure::Retry(error) | JobFailure::Fatal(error) => {
                tracing::error!(kind = job.kind, job = %job.id, attempt = attempts, "given up: {error:#}");
                metrics::counter!("changke_dead_jobs_total", "kind" => job.kind.clone()).increment(1);
                End::Over(JobState::Dead, format!("{error:#}"))
            }
            JobFailure::Cancelled => End::Over(JobState::Cancelled, String::new()),
            JobFailure::Interrupted => End::Released,
        }
    }

    /// Writes the end down, for as long as nobody else can have the job.
    pub(super) async fn finish(&self, job: &Leased, end: &End) {
        let safe_until = Instant::now() + LEASE;
        for tries in 1.. {
            match self.try_finish(job, end).await {
                Ok(true) => return,
                Ok(false) => {
                    tracing::warn!(kind = job.kind, job = %job.id, "the lease was lost before the end");
                    return;
                }
                Err(error) if Instant::now() < safe_until => {
                    tracing::warn!(kind = job.kind, job = %job.id, "the end can't be written down yet: {error}");
                    let pause = backoff::pause(tries, Duration::from_millis(200), Duration::from_secs(5));
                    tokio::time::sleep(pause).await;
                }
                Err(error) => {
                    tracing::error!(kind = job.kind, job = %job.id, "the end could not be written down: {error}");
                    return;
                }
            }
        }
    }

    async fn try_finish(&self, job: &Leased, end: &End) -> Result<bool> {
        let mut transaction = self.db.pool().begin().await?;
        let finished = store::finish(&mut transaction, job.held(), end).await?;
        let recurring = job.unique_key.as_ref().and_then(|key| Some((key, self.registry.recurring.get(key)?)));
        // Does nothing while this one is to be tried again: it still holds the key.
        if let (true, Some((key, next))) = (finished, recurring) {
            store::schedule(&mut transaction, next.kind, &next.payload, key, next.every).await?;
        }
        transaction.commit().await?;
        Ok(finished)
    }
}
