//! What a merge could be undone by holds personal data, so it is kept for as long as that and no longer.

use async_trait::async_trait;
use chrono::{TimeDelta, Utc};
use platform::jobs::{JobContext, JobFailure, JobHandler};

use super::rules::UNDO_DAYS;
use super::store;

const BATCH: i64 = 20;

pub struct Prune;

#[async_trait]
impl JobHandler for Prune {
    const KIND: &'static str = "customers.merge.prune";
    type Payload = ();

    async fn run(&self, job: JobContext<()>) -> Result<(), JobFailure> {
        let before = Utc::now() - TimeDelta::days(UNDO_DAYS);
        let mut connection = job.db().pool().acquire().await?;
        while store::merges_prune(&mut connection, before, BATCH).await? > 0 {
            job.proceed()?;
        }
        Ok(())
    }
}
