//! Writes off points that have run out, every hour. Nobody could spend them any more before.

use platform::error::Result;
use platform::jobs::{JobContext, JobFailure, JobHandler};
use uuid::Uuid;

use super::store;

const BATCH: i64 = 500;

pub struct Expiry;

impl Expiry {
    pub const KEY: &'static str = "points.expiry";
}

#[async_trait::async_trait]
impl JobHandler for Expiry {
    const KIND: &'static str = "customers.points_expiry";
    type Payload = ();

    async fn run(&self, job: JobContext<()>) -> Result<(), JobFailure> {
        let mut after = job.progress::<Uuid>().unwrap_or_default();
        loop {
            job.proceed()?;
            let mut tx = job.db().begin().await?;
            let ids = store::expiring(tx.connection(), after, BATCH).await?;
            let Some(last) = ids.last() else { return Ok(()) };
            after = *last;
            store::write_off(tx.connection(), &ids).await?;
            job.checkpoint(tx.connection(), &after).await?;
            tx.commit().await?;
        }
    }
}
