//! Removes sessions, attempts, links, challenges, tombstones and events for webhooks that are of no use any more.

use std::time::Duration;

use platform::db::Db;
use platform::jobs::{JobContext, JobFailure, JobHandler, Worker};

use crate::api_key::store::api_keys_prune;
use crate::authentication::session_store::sessions_prune;
use crate::challenge::store::challenges_prune;
use crate::password_link::job::SendLink;
use crate::password_link::store::links_prune;
use crate::policy::store::tombstones_prune;
use crate::sign_on::store::flows_prune;
use crate::webhook::events_prune;
use crate::{Identity, attempt};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Streams of the policy are never behind by more than moments.
const TOMBSTONE_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long events and deliveries of webhooks are kept.
const WEBHOOK_DAYS: i32 = 30;

pub struct Housekeeping;

#[tonic::async_trait]
impl JobHandler for Housekeeping {
    const KIND: &'static str = "identity.housekeeping";
    type Payload = ();

    async fn run(&self, job: JobContext<()>) -> Result<(), JobFailure> {
        let pool = job.db().pool();
        let sessions = sessions_prune(pool).await?;
        let attempts = attempt::store::prune(&mut *pool.acquire().await?).await?;
        let links = links_prune(pool).await?;
        let api_keys = api_keys_prune(pool).await?;
        let challenges = challenges_prune(pool).await?;
        let sign_ons = flows_prune(pool).await?;
        let tombstones = tombstones_prune(pool, TOMBSTONE_AGE).await?;
        let mut events = 0;
        loop {
            let pruned = events_prune(pool, WEBHOOK_DAYS).await?;
            if pruned == 0 {
                break;
            }
            events += pruned;
            job.proceed()?;
        }
        tracing::info!(sessions, attempts, links, api_keys, sign_ons, challenges, tombstones, events, "removed");
        Ok(())
    }
}

pub fn worker(db: &Db, identity: Identity) -> Worker {
    let worker = Worker::new(db).register(Housekeeping).register(SendLink(identity));
    worker.every::<Housekeeping>(HOUR, Housekeeping::KIND, &())
}
