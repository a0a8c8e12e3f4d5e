//! Work that outlives a call: rows of `job`, written in the business transaction (`store`), leased by a `worker`, kept
//! alive by its `crew`, and run at its `desk`, where the handlers of a `registry` are given a `context`.

mod context;
mod crew;
mod desk;
mod housekeeping;
mod registry;
mod store;
mod worker;

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use context::JobContext;
pub(crate) use store::revive;
pub use store::{Enqueued, JobState, JobStatus, NewJob, cancel, enqueue, status};
pub use worker::Worker;

use crate::error::Error;

/// Does the work of one kind of job. A job runs at least once: a handler that must not repeat an effect writes it in one
/// transaction with [`JobContext::checkpoint`], which fails when the lease is lost, and begins where the progress ends.
#[async_trait]
pub trait JobHandler: Send + Sync + 'static {
    /// Stands in the rows, so it must never change.
    const KIND: &'static str;
    type Payload: Serialize + DeserializeOwned + Send + Sync;

    async fn run(&self, job: JobContext<Self::Payload>) -> Result<(), JobFailure>;
}

/// Why a job did not come to its end.
#[derive(Debug)]
pub enum JobFailure {
    /// Tried again after a pause, up to as many attempts without progress as the job allows.
    Retry(anyhow::Error),
    /// Trying again would not help.
    Fatal(anyhow::Error),
    /// The handler has followed a request to cancel.
    Cancelled,
    /// The handler has followed [`JobContext::stopping`]: goes on elsewhere at once, without counting as an attempt.
    Interrupted,
}

impl From<Error> for JobFailure {
    fn from(error: Error) -> Self {
        Self::Retry(error.into())
    }
}

impl From<sqlx::Error> for JobFailure {
    fn from(error: sqlx::Error) -> Self {
        Self::Retry(error.into())
    }
}
