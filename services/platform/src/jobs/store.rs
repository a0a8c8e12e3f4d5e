//! All SQL of the table `job`. A row is pending, leased, done, dead or cancelled; each lease has an id of its own, and
//! whoever holds an older one can no longer change the row.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::JobHandler;
use crate::error::{Error, Result, on_constraint, reason};

/// How long a lease holds without a heartbeat.
pub(super) const LEASE: Duration = Duration::from_secs(30);

/// A job to be.
#[derive(Debug)]
pub struct NewJob {
    kind: &'static str,
    payload: Value,
    run_time: Option<DateTime<Utc>>,
    max_attempts: i32,
    unique_key: Option<String>,
}

impl NewJob {
    /// A job to run now, tried up to five times.
    pub fn new<H: JobHandler>(payload: &H::Payload) -> Result<Self> {
        let payload = serde_json::to_value(payload).map_err(Error::internal)?;
        Ok(Self { kind: H::KIND, payload, run_time: None, max_attempts: 5, unique_key: None })
    }

    /// Not before this time.
    #[must_use]
    pub fn at(self, run_time: DateTime<Utc>) -> Self {
        Self { run_time: Some(run_time), ..self }
    }

    #[must_use]
    pub fn max_attempts(self, max_attempts: i32) -> Self {
        Self { max_attempts, ..self }
    }

    /// At most one pending or running job of the service has this key.
    #[must_use]
    pub fn unique(self, key: impl Into<String>) -> Self {
        Self { unique_key: Some(key.into()), ..self }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enqueued {
    New(Uuid),
    /// A job of the same key is pending or running.
    Existing(Uuid),
}

impl Enqueued {
    pub fn id(self) -> Uuid {
        match self {
            Self::New(id) | Self::Existing(id) => id,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum JobState {
    Pending,
    Leased,
    Done,
    /// Failed for good; the failure says why.
    Dead,
    Cancelled,
}

impl JobState {
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Dead | Self::Cancelled)
    }
}

/// A job as others see it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct JobStatus {
    pub id: Uuid,
    pub kind: String,
    pub state: JobState,
    pub run_time: DateTime<Utc>,
    pub attempts: i32,
    pub cancel_requested: bool,
    pub progress: Value,
    /// Of the last try; empty when there was none.
    pub failure: String,
    pub create_time: DateTime<Utc>,
    pub end_time: Option<DateTime<Utc>>,
}

/// A job in hand.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Leased {
    pub(super) id: Uuid,
    pub(super) kind: String,
    pub(super) payload: Value,
    pub(super) progress: Value,
    pub(super) attempts: i32,
    pub(super) max_attempts: i32,
    pub(super) lease_owner: Uuid,
    pub(super) unique_key: Option<String>,
    /// Set when this run saves progress.
    #[sqlx(skip)]
    pub(super) advanced: Arc<AtomicBool>,
}

/// A lease as its holder knows it: (job, lease).
pub(super) type Held = (Uuid, Uuid);

impl Leased {
    pub(super) fn held(&self) -> Held {
        (self.id, self.lease_owner)
    }

    /// Runs since the last progress: what gets on may take as many as it needs.
    pub(super) fn attempts_in_vain(&self) -> i32 {
        if self.advanced.load(Ordering::Relaxed) { 1 } else { self.attempts }
    }
}

/// Writes a job into the caller's transaction. `Tx::enqueue` also wakes the worker of this process after the commit.
pub async fn enqueue(connection: &mut PgConnection, job: NewJob) -> Result<Enqueued> {
    let inserted: Option<Uuid> = sqlx::query_scalar(
        "INSERT INTO job (id, kind, payload, run_time, max_attempts, unique_key)
         VALUES ($1, $2, $3, coalesce($4, now()), $5, $6)
         ON CONFLICT (unique_key) WHERE state IN ('pending', 'leased') DO NOTHING
         RETURNING id",
    )
    .bind(Uuid::now_v7())
    .bind(job.kind)
    .bind(&job.payload)
    .bind(job.run_time)
    .bind(job.max_attempts)
    .bind(&job.unique_key)
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(id) = inserted {
        return Ok(Enqueued::New(id));
    }
    let existing: Option<Uuid> =
        sqlx::query_scalar("SELECT id FROM job WHERE unique_key = $1 AND state IN ('pending', 'leased')")
            .bind(&job.unique_key)
            .fetch_optional(connection)
            .await?;
    // It may have ended between the two statements: the caller may try again.
    existing.map(Enqueued::Existing).ok_or_else(Error::stale_etag)
}

pub async fn status(connection: &mut PgConnection, id: Uuid) -> Result<Option<JobStatus>> {
    Ok(sqlx::query_as(
        "SELECT id, kind, state, run_time, attempts, cancel_requested, progress, failure, create_time, end_time
         FROM job WHERE id = $1",
    )
    .bind(id)
    .fetch_optional(connection)
    .await?)
}

/// Cancels a pending job and asks the handler of a running one to stop. False when the job is over or unknown.
pub async fn cancel(connection: &mut PgConnection, id: Uuid) -> Result<bool> {
    let changed = sqlx::query(
        "UPDATE job SET
             cancel_requested = true,
             state = CASE state WHEN 'pending' THEN 'cancelled' ELSE state END,
             end_time = CASE state WHEN 'pending' THEN now() END
         WHERE id = $1 AND state IN ('pending', 'leased')",
    )
    .bind(id)
    .execute(connection)
    .await?;
    Ok(changed.rows_affected() == 1)
}

/// Takes jobs that are due and those whose worker has gone silent. Served by `job_due`.
pub(super) async fn lease(connection: &mut PgConnection, kinds: &[&str], limit: i64) -> sqlx::Result<Vec<Leased>> {
    sqlx::query_as(
        "UPDATE job SET
             state = 'leased',
             attempts = attempts + 1,
             lease_owner = gen_random_uuid(),
             lease_until = now() + make_interval(secs => $3)
         WHERE id IN (
             SELECT id FROM job
             WHERE state IN ('pending', 'leased')
               AND run_time <= now()
               AND (state = 'pending' OR lease_until < now())
               AND kind = ANY($1)
             ORDER BY run_time
             LIMIT $2
             FOR UPDATE SKIP LOCKED
         )
         RETURNING id, kind, payload, progress, attempts, max_attempts, lease_owner, unique_key",
    )
    .bind(kinds)
    .bind(limit)
    .bind(LEASE.as_secs_f64())
    .fetch_all(connection)
    .await
}

/// Keeps leases alive. Answers those that still stand, and whether somebody asked to cancel the job.
pub(super) async fn extend(connection: &mut PgConnection, held: &[Held]) -> sqlx::Result<Vec<(Uuid, bool)>> {
    let (jobs, leases): (Vec<Uuid>, Vec<Uuid>) = held.iter().copied().unzip();
    sqlx::query_as(
        "UPDATE job SET lease_until = now() + make_interval(secs => $3)
         FROM unnest($1::uuid[], $2::uuid[]) AS held (job, lease)
         WHERE id = held.job AND lease_owner = held.lease AND state = 'leased'
         RETURNING lease_owner, cancel_requested",
    )
    .bind(jobs)
    .bind(leases)
    .bind(LEASE.as_secs_f64())
    .fetch_all(connection)
    .await
}

/// Like [`extend`], without writing.
pub(super) async fn look_after(connection: &mut PgConnection, held: &[Held]) -> sqlx::Result<Vec<(Uuid, bool)>> {
    let (jobs, leases): (Vec<Uuid>, Vec<Uuid>) = held.iter().copied().unzip();
    sqlx::query_as(
        "SELECT lease_owner, cancel_requested
         FROM job JOIN unnest($1::uuid[], $2::uuid[]) AS held (job, lease) ON id = held.job
         WHERE lease_owner = held.lease AND state = 'leased'",
    )
    .bind(jobs)
    .bind(leases)
    .fetch_all(connection)
    .await
}

pub(super) async fn progress_set(connection: &mut PgConnection, held: Held, progress: &impl Serialize) -> Result<bool> {
    let progress = serde_json::to_value(progress).map_err(Error::internal)?;
    let changed = sqlx::query(
        "UPDATE job SET progress = $3, attempts = 1 WHERE id = $1 AND lease_owner = $2 AND state = 'leased'",
    )
    .bind(held.0)
    .bind(held.1)
    .bind(progress)
    .execute(connection)
    .await?;
    Ok(changed.rows_affected() == 1)
}

/// How a run ends for the row.
pub(super) enum End {
    Over(JobState, String),
    /// Again after a pause.
    Again(Duration, String),
    /// Again at once; the attempt doesn't count.
    Released,
}

/// Ends a run, unless its lease is lost.
pub(super) async fn finish(connection: &mut PgConnection, held: Held, end: &End) -> sqlx::Result<bool> {
    let (state, failure, pause, counts) = match end {
        End::Over(state, failure) => (*state, failure.as_str(), None, true),
        End::Again(pause, failure) => (JobState::Pending, failure.as_str(), Some(pause.as_secs_f64()), true),
        End::Released => (JobState::Pending, "", None, false),
    };
    let changed = sqlx::query(
        "UPDATE job SET
             state = CASE WHEN $3 = 'pending' AND cancel_requested THEN 'cancelled' ELSE $3 END,
             failure = CASE WHEN $6 THEN $4 ELSE failure END,
             run_time = CASE WHEN $5::float8 IS NULL THEN run_time ELSE now() + make_interval(secs => $5) END,
             attempts = attempts - CASE WHEN $6 THEN 0 ELSE 1 END,
             lease_owner = NULL,
             lease_until = NULL,
             end_time = CASE WHEN $3 = 'pending' AND NOT cancel_requested THEN NULL ELSE now() END
         WHERE id = $1 AND lease_owner = $2 AND state = 'leased'",
    )
    .bind(held.0)
    .bind(held.1)
    .bind(state)
    // Postgres refuses it, and the text may quote anything.
    .bind(failure.replace('\0', ""))
    .bind(pause)
    .bind(counts)
    .execute(connection)
    .await?;
    Ok(changed.rows_affected() == 1)
}

/// The next run of a job that recurs.
pub(super) async fn schedule(
    connection: &mut PgConnection,
    kind: &str,
    payload: &Value,
    unique_key: &str,
    wait: Duration,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO job (id, kind, payload, unique_key, run_time)
         VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5))
         ON CONFLICT (unique_key) WHERE state IN ('pending', 'leased') DO NOTHING",
    )
    .bind(Uuid::now_v7())
    .bind(kind)
    .bind(payload)
    .bind(unique_key)
    .bind(wait.as_secs_f64())
    .execute(connection)
    .await?;
    Ok(())
}

/// Lets a dead job run again from where it had come to; answers its kind.
pub(crate) async fn revive(connection: &mut PgConnection, id: Uuid) -> Result<String> {
    let revived = sqlx::query_scalar(
        "UPDATE job SET state = 'pending', attempts = 0, run_time = now(), end_time = NULL, cancel_requested = false
         WHERE id = $1 AND state = 'dead' RETURNING kind",
    )
    .bind(id)
    .fetch_optional(connection)
    .await
    .map_err(|error| {
        on_constraint(error, &[("job_unique_key", || Error::failed_precondition(&reason::JOB_REPLACED))])
    })?;
    revived.ok_or_else(Error::not_found)
}
