//! A handover under way as a durable job, there or back. A batch is one transaction that also notes what was moved, so a run
//! that broke off goes on with what is left and moves nothing twice.

use std::sync::Arc;

use async_trait::async_trait;
use contracts::customers::HandoverState;
use contracts::options::Permission;
use platform::access::{Access, Caller};
use platform::error::{Reason, Result};
use platform::jobs::{JobContext, JobFailure, JobHandler, on_behalf};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::store::{self, Stored};
use crate::Shared;
use crate::error::reason;

#[derive(Serialize, Deserialize)]
pub struct Payload {
    pub handover_id: Uuid,
}

pub struct HandoverJob {
    pub(super) shared: Arc<Shared>,
    access: Arc<Access>,
}

impl HandoverJob {
    pub fn new(shared: Arc<Shared>, access: Arc<Access>) -> Self {
        Self { shared, access }
    }
}

/// Crashes in a row that a run outlives.
pub const ATTEMPTS: i32 = 20;

#[async_trait]
impl JobHandler for HandoverJob {
    const KIND: &'static str = "customers.handover";
    type Payload = Payload;

    async fn run(&self, job: JobContext<Payload>) -> Result<(), JobFailure> {
        let outcome = self.work(&job).await;
        let failure = match &outcome {
            Err(failure @ JobFailure::Fatal(_)) => failure.reason().unwrap_or(&reason::HANDOVER_BROKE_OFF),
            Err(JobFailure::Retry(_)) if job.is_last_attempt() => &reason::HANDOVER_BROKE_OFF,
            _ => return outcome,
        };
        let mut connection = job.db().pool().acquire().await?;
        let id = job.payload.handover_id;
        store::handover_end(&mut connection, id, job.id(), HandoverState::Failed, failure.id).await?;
        outcome
    }
}

/// Why runs break off.
pub static FAILURES: [&Reason; 4] = [
    &reason::HANDOVER_FORBIDDEN,
    &reason::HANDOVER_RECEIVER_GONE,
    &reason::HANDOVER_GIVER_GONE,
    &reason::HANDOVER_BROKE_OFF,
];

impl HandoverJob {
    async fn work(&self, job: &JobContext<Payload>) -> Result<(), JobFailure> {
        loop {
            job.proceed()?;
            if self.batch(job).await? {
                return Ok(());
            }
        }
    }

    /// One batch in one transaction; whether it was the last.
    async fn batch(&self, job: &JobContext<Payload>) -> Result<bool, JobFailure> {
        let mut tx = job.db().begin().await?;
        let handover = store::handover_of_job(tx.connection(), job.payload.handover_id, job.id()).await?;
        // Ended in an earlier attempt that could not say so to the worker any more.
        let Some(handover) = handover else { return Ok(true) };
        let caller = self.caller(&handover)?;
        tx.act_for(&caller).await?;
        match handover.state {
            HandoverState::Undoing => self.back(job, tx, &handover, &caller).await,
            _ => self.there(job, tx, &handover, &caller).await,
        }
    }

    /// Whoever asked for it, if they still may.
    fn caller(&self, handover: &Stored) -> Result<Caller, JobFailure> {
        on_behalf(&self.access, handover.actor_id, Permission::CustomersAssign, &reason::HANDOVER_FORBIDDEN)
    }
}
