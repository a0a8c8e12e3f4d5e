//! Removes sessions, attempts and tombstones that are of no use any more.

use std::time::Duration;

use platform::db::Db;
use platform::jobs::{JobContext, JobFailure, JobHandler, Worker};

use crate::api_key::store::api_keys_prune;
use crate::authentication::store::{attempts_prune, sessions_prune};
use crate::policy::store::tombstones_prune;
use crate::sign_on::store::flows_prune;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Streams of the policy are never behind by more than moments.
const TOMBSTONE_AGE: Duration = Duration::from_secs(24 * 60 * 60);

pub struct Housekeeping;

#[tonic::async_trait]
impl JobHandler for Housekeeping {
    const KIND: &'static str = "identity.housekeeping";
    type Payload = ();

    async fn run(&self, job: JobContext<()>) -> Result<(), JobFailure> {
        let pool = job.db().pool();
        let sessions = sessions_prune(pool).await?;
        let attempts = attempts_prune(pool).await?;
        let api_keys = api_keys_prune(pool).await?;
        let sign_ons = flows_prune(pool).await?;
        let tombstones = tombstones_prune(pool, TOMBSTONE_AGE).await?;
        tracing::info!(sessions, attempts, api_keys, sign_ons, tombstones, "removed");
        Ok(())
    }
}

pub fn worker(db: &Db) -> Worker {
    Worker::new(db).register(Housekeeping).every::<Housekeeping>(HOUR, Housekeeping::KIND, &())
}
