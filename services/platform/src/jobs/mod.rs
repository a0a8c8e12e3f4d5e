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
use contracts::options::Permission;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

pub use context::JobContext;
pub(crate) use store::revive;
pub use store::{Enqueued, JobState, JobStatus, NewJob, cancel, enqueue, status};
pub use worker::Worker;

use crate::access::{Access, Caller};
use crate::error::{Error, Reason};

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

impl JobFailure {
    /// Ends the job for good, for a reason that people are told.
    pub fn stop(reason: &'static Reason) -> Self {
        Self::Fatal(Stop(reason).into())
    }

    /// The reason that it was stopped for, where it is one for people.
    pub fn reason(&self) -> Option<&'static Reason> {
        match self {
            Self::Fatal(error) => error.downcast_ref::<Stop>().map(|stop| stop.0),
            _ => None,
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{}", .0.id)]
struct Stop(&'static Reason);

/// Whoever asked for the work, if they still may do it; `refused` ends it if not.
pub fn on_behalf(
    access: &Access,
    employee_id: Uuid,
    permission: Permission,
    refused: &'static Reason,
) -> Result<Caller, JobFailure> {
    let policy = access.policy();
    if !policy.is_fresh() {
        return Err(JobFailure::Retry(anyhow::anyhow!("the policy is not known yet")));
    }
    Caller::of_employee(policy.policy(), employee_id)
        .filter(|caller| caller.allows(permission))
        .ok_or_else(|| JobFailure::stop(refused))
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
