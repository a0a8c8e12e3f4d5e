//! Files hold personal data, so imports are kept for a quarter of a year and no longer.

use async_trait::async_trait;
use chrono::{TimeDelta, Utc};
use platform::jobs::{JobContext, JobFailure, JobHandler};

use super::store;

const KEPT_DAYS: i64 = 90;
/// Removed at once, so that no transaction grows long.
const BATCH: i64 = 20;

pub struct Prune;

#[async_trait]
impl JobHandler for Prune {
    const KIND: &'static str = "customers.import.prune";
    type Payload = ();

    async fn run(&self, job: JobContext<()>) -> Result<(), JobFailure> {
        let before = Utc::now() - TimeDelta::days(KEPT_DAYS);
        let mut connection = job.db().pool().acquire().await?;
        while store::import_prune(&mut connection, before, BATCH).await? > 0 {
            job.proceed()?;
        }
        Ok(())
    }
}
