//! A bulk change under way as a durable job, there or back. A batch is one transaction that also notes how far it has come, so
//! a run that broke off goes on behind it and changes nothing twice.

use std::sync::Arc;

use async_trait::async_trait;
use contracts::customers::BulkChangeState;
use contracts::options::Permission;
use platform::access::Access;
use platform::error::{Reason, Result, reason as common};
use platform::jobs::{JobContext, JobFailure, JobHandler, on_behalf};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::store;
use crate::Shared;
use crate::error::reason;

#[derive(Serialize, Deserialize)]
pub struct Payload {
    pub bulk_change_id: Uuid,
}

pub struct BulkChangeJob {
    pub(super) shared: Arc<Shared>,
    access: Arc<Access>,
}

impl BulkChangeJob {
    pub fn new(shared: Arc<Shared>, access: Arc<Access>) -> Self {
        Self { shared, access }
    }
}

/// Crashes in a row that a run outlives.
pub const ATTEMPTS: i32 = 20;

/// Why runs break off.
pub static FAILURES: [&Reason; 2] = [&reason::BULK_FORBIDDEN, &reason::BULK_BROKE_OFF];

/// Why customers are left as they are.
pub static REFUSALS: [&Reason; 5] = [
    &common::NOT_FOUND,
    &reason::CUSTOMER_INVALID,
    &reason::BULK_OUT_OF_SCOPE,
    &reason::BULK_VALUE_REFUSED,
    &reason::BULK_CHANGED_SINCE,
];

#[async_trait]
impl JobHandler for BulkChangeJob {
    const KIND: &'static str = "customers.bulk_change";
    type Payload = Payload;

    async fn run(&self, job: JobContext<Payload>) -> Result<(), JobFailure> {
        let outcome = self.work(&job).await;
        let failure = match &outcome {
            Err(failure @ JobFailure::Fatal(_)) => failure.reason().unwrap_or(&reason::BULK_BROKE_OFF),
            Err(JobFailure::Retry(_)) if job.is_last_attempt() => &reason::BULK_BROKE_OFF,
            _ => return outcome,
        };
        let mut connection = job.db().pool().acquire().await?;
        let id = job.payload.bulk_change_id;
        store::bulk_change_end(&mut connection, id, job.id(), BulkChangeState::Failed, failure.id).await?;
        outcome
    }
}

impl BulkChangeJob {
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
        let bulk = store::bulk_change_of_job(tx.connection(), job.payload.bulk_change_id, job.id()).await?;
        // Ended in an earlier attempt that could not say so any more, or being undone by another job.
        let Some(bulk) = bulk else { return Ok(true) };
        let (author_id, refused) = (bulk.create_user_id, &reason::BULK_FORBIDDEN);
        let caller = on_behalf(&self.access, author_id, Permission::CustomersUpdate, refused)?;
        tx.act_for(&caller).await?;
        match bulk.state {
            BulkChangeState::Undoing => self.back(job, tx, bulk, &caller).await,
            _ => self.there(job, tx, bulk, &caller).await,
        }
    }
}
