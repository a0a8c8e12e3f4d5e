//! What a handler is given: the payload, the progress of earlier tries, and when to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::PgConnection;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::JobFailure;
use super::store::{self, Held, Leased};
use crate::db::Db;

/// When a run has to end early.
#[derive(Clone, Default)]
pub(super) struct Signals {
    /// Somebody asked to cancel the job.
    pub(super) cancel: CancellationToken,
    /// The worker is shutting down, or the lease is lost.
    pub(super) stop: CancellationToken,
}

/// The job under way.
pub struct JobContext<P> {
    pub payload: P,
    db: Db,
    held: Held,
    attempt: i32,
    last_attempt: bool,
    progress: Value,
    advanced: Arc<AtomicBool>,
    signals: Signals,
}

impl<P> JobContext<P> {
    pub(super) fn new(payload: P, db: Db, job: &Leased, signals: Signals) -> Self {
        Self {
            payload,
            db,
            held: (job.id, job.lease_owner),
            attempt: job.attempts,
            last_attempt: job.attempts >= job.max_attempts,
            progress: job.progress.clone(),
            advanced: job.advanced.clone(),
            signals,
        }
    }

    pub fn id(&self) -> Uuid {
        self.held.0
    }

    pub fn db(&self) -> &Db {
        &self.db
    }

    /// 1 for the first.
    pub fn attempt(&self) -> i32 {
        self.attempt
    }

    /// Whether the job dies if this attempt fails.
    pub fn is_last_attempt(&self) -> bool {
        self.last_attempt
    }

    /// What earlier attempts saved last; nothing at first, or when it has another shape.
    pub fn progress<T: DeserializeOwned>(&self) -> Option<T> {
        T::deserialize(&self.progress).ok()
    }

    /// Shows progress at once, outside of any transaction.
    pub async fn report(&self, progress: &impl Serialize) -> Result<(), JobFailure> {
        let mut connection = self.db.pool().acquire().await?;
        self.checkpoint(&mut connection, progress).await
    }

    /// Saves progress in one transaction with the effects it stands for. Fails when the lease is lost, so that nothing
    /// takes effect that another worker does again.
    pub async fn checkpoint(&self, connection: &mut PgConnection, progress: &impl Serialize) -> Result<(), JobFailure> {
        if store::progress_set(connection, self.held, progress).await? {
            self.advanced.store(true, Ordering::Relaxed);
            Ok(())
        } else {
            self.signals.stop.cancel();
            Err(JobFailure::Interrupted)
        }
    }

    /// Waits for a request to cancel; the handler then ends with [`JobFailure::Cancelled`].
    pub async fn cancelled(&self) {
        self.signals.cancel.cancelled().await;
    }

    /// Waits until the worker shuts down or the lease is lost; the handler then ends with [`JobFailure::Interrupted`].
    pub async fn stopping(&self) {
        self.signals.stop.cancelled().await;
    }

    /// To be asked between steps: an error when there was a reason to end early.
    pub fn proceed(&self) -> Result<(), JobFailure> {
        if self.signals.stop.is_cancelled() {
            Err(JobFailure::Interrupted)
        } else if self.signals.cancel.is_cancelled() {
            Err(JobFailure::Cancelled)
        } else {
            Ok(())
        }
    }
}
