//! What was before is kept for as long as somebody may ask what became of it, and no longer.

use async_trait::async_trait;
use chrono::{TimeDelta, Utc};
use platform::jobs::{JobContext, JobFailure, JobHandler};

use super::store;

const KEPT_DAYS: i64 = 7;
/// Items removed at once, so that no transaction grows long.
const BATCH: i64 = 10_000;

pub struct Prune;

#[async_trait]
impl JobHandler for Prune {
    const KIND: &'static str = "customers.bulk_change.prune";
    type Payload = ();

    async fn run(&self, job: JobContext<()>) -> Result<(), JobFailure> {
        let before = Utc::now() - TimeDelta::days(KEPT_DAYS);
        let mut connection = job.db().pool().acquire().await?;
        while store::bulk_change_prune(&mut connection, before, BATCH).await? {
            job.proceed()?;
        }
        Ok(())
    }
}
