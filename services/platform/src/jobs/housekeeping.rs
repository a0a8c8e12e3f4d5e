//! Removes what the platform's tables need no longer.

use crate::db::Pool;
use async_trait::async_trait;

use super::{JobContext, JobFailure, JobHandler};

/// Rows removed at once, so that nobody waits long for a lock.
const BATCH: i64 = 5_000;

const STATEMENTS: [&str; 3] = [
    // A call is repeated within a day or not at all.
    "DELETE FROM idempotency WHERE ctid = ANY(ARRAY(
         SELECT ctid FROM idempotency WHERE create_time < now() - interval '24 hours' LIMIT $1))",
    // Only for events that stand twice in the stream, which happens within minutes; the position knows the rest.
    "DELETE FROM inbox WHERE ctid = ANY(ARRAY(
         SELECT ctid FROM inbox WHERE receive_time < now() - interval '7 days' LIMIT $1))",
    "DELETE FROM job WHERE ctid = ANY(ARRAY(
         SELECT ctid FROM job WHERE state IN ('done', 'cancelled') AND end_time < now() - interval '30 days' LIMIT $1))",
];

pub(super) struct Housekeeping;

#[async_trait]
impl JobHandler for Housekeeping {
    const KIND: &'static str = "platform.housekeeping";
    type Payload = ();

    async fn run(&self, job: JobContext<()>) -> Result<(), JobFailure> {
        for statement in STATEMENTS {
            while prune(job.db().pool(), statement).await? {
                job.proceed()?;
            }
        }
        Ok(())
    }
}

/// Removes some; whether there may be more.
async fn prune(pool: &Pool, statement: &'static str) -> sqlx::Result<bool> {
    let removed = sqlx::query(statement).bind(BATCH).execute(pool).await?.rows_affected();
    Ok(removed == BATCH.cast_unsigned())
}
