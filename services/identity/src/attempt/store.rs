//! All SQL of attempts.

use platform::db::FieldChange;
use platform::error::Result;
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::failure::Failure;
use crate::config::Config;

/// Counts an attempt, and tells whether it may succeed.
pub async fn count(executor: impl PgExecutor<'_>, key: &[u8], account: &[u8], config: &Config) -> Result<bool> {
    let limit = config.lock_out_failures as i32;
    let failures: i32 = sqlx::query_scalar(
        "INSERT INTO sign_in_failure AS f (login_digest, failures, locked_until, account_digest)
         VALUES ($1, 1, CASE WHEN $2 <= 1 THEN now() + make_interval(secs => $3) END, nullif($4, $1))
         ON CONFLICT (login_digest) DO UPDATE SET
             failures = CASE WHEN f.locked_until <= now() THEN 1 ELSE least(f.failures + 1, $2 + 1) END,
             locked_until = CASE
                 WHEN f.locked_until > now() THEN f.locked_until
                 WHEN $2 <= CASE WHEN f.locked_until IS NULL THEN f.failures + 1 ELSE 1 END
                     THEN now() + make_interval(secs => $3)
             END,
             last_time = now()
         RETURNING failures",
    )
    .bind(key)
    .bind(limit)
    .bind(f64::from(config.lock_out_seconds))
    .bind(account)
    .fetch_one(executor)
    .await?;
    Ok(failures <= limit)
}

/// Forgets the failures of one count.
pub async fn clear(executor: impl PgExecutor<'_>, key: &[u8]) -> Result<()> {
    sqlx::query("DELETE FROM sign_in_failure WHERE login_digest = $1").bind(key).execute(executor).await?;
    Ok(())
}

/// Forgets the failures of an account, wherever they were made.
pub async fn clear_account(executor: impl PgExecutor<'_>, account: &[u8]) -> Result<()> {
    sqlx::query("DELETE FROM sign_in_failure WHERE login_digest = $1 OR account_digest = $1")
        .bind(account)
        .execute(executor)
        .await?;
    Ok(())
}

/// The first of these places that the account was used from.
pub async fn known_place(executor: impl PgExecutor<'_>, account: &[u8], places: &[&[u8]]) -> Result<Option<Vec<u8>>> {
    Ok(sqlx::query_scalar(
        "SELECT place_digest FROM known_place WHERE account_digest = $1 AND place_digest = ANY($2)
         ORDER BY array_position($2, place_digest) LIMIT 1",
    )
    .bind(account)
    .bind(places)
    .fetch_optional(executor)
    .await?)
}

pub async fn place_learn(executor: impl PgExecutor<'_>, account: &[u8], place: &[u8]) -> Result<()> {
    sqlx::query(
        "INSERT INTO known_place (account_digest, place_digest) VALUES ($1, $2)
         ON CONFLICT (account_digest, place_digest) DO UPDATE SET last_time = now()",
    )
    .bind(account)
    .bind(place)
    .execute(executor)
    .await?;
    Ok(())
}

pub async fn place_forget(executor: impl PgExecutor<'_>, account: &[u8], place: &[u8]) -> Result<()> {
    sqlx::query("DELETE FROM known_place WHERE account_digest = $1 AND place_digest = $2")
        .bind(account)
        .bind(place)
        .execute(executor)
        .await?;
    Ok(())
}

/// Counts a call from a network; answers the counts of the window before and of this one. What goes beyond the limit is
/// not counted on: who waits gets in again.
pub async fn network_count(
    executor: impl PgExecutor<'_>,
    network: &str,
    period: i64,
    limit: u32,
) -> Result<(i32, i32)> {
    Ok(sqlx::query_as(
        "INSERT INTO sign_in_network AS n (network, period, attempts) VALUES ($1, $2, 1)
         ON CONFLICT (network, period) DO UPDATE SET attempts = least(n.attempts + 1, $3 + 1), last_time = now()
         RETURNING coalesce((SELECT attempts FROM sign_in_network WHERE network = $1 AND period = $2 - 1), 0), attempts",
    )
    .bind(network)
    .bind(period)
    .bind(limit as i32)
    .fetch_one(executor)
    .await?)
}

pub async fn network_give_back(connection: &mut PgConnection, network: &str, period: i64) -> Result<()> {
    sqlx::query("UPDATE sign_in_network SET attempts = greatest(attempts - 1, 0) WHERE network = $1 AND period = $2")
        .bind(network)
        .bind(period)
        .execute(connection)
        .await?;
    Ok(())
}

/// Counts a failure; true for the first of its kind within the minute.
pub async fn failure_count(
    connection: &mut PgConnection,
    minute: i64,
    network: &str,
    failure: &Failure,
) -> Result<bool> {
    let failures: i32 = sqlx::query_scalar(
        "INSERT INTO proof_failure AS f (minute, action, record_kind, record_id, network, changes, failures)
         VALUES ($1, $2, $3, $4, $5, $6, 1)
         ON CONFLICT (minute, action, record_kind, record_id, network, changes)
             DO UPDATE SET failures = least(f.failures, 2147483646) + 1
         RETURNING failures",
    )
    .bind(minute)
    .bind(failure.action)
    .bind(failure.record_kind)
    .bind(failure.record_id)
    .bind(network)
    .bind(Json(&failure.changes))
    .fetch_one(connection)
    .await?;
    Ok(failures == 1)
}

/// What was counted.
pub struct Counted {
    pub action: String,
    pub record_kind: String,
    pub record_id: Uuid,
    pub network: String,
    pub changes: Vec<FieldChange>,
    /// Behind the first, which is written down already.
    pub further: i32,
}

/// Takes the counts of earlier minutes away; answers those that are more than the first.
pub async fn failures_take(connection: &mut PgConnection, before: i64) -> Result<Vec<Counted>> {
    type Row = (String, String, Uuid, String, Json<Vec<FieldChange>>, i32);
    let rows: Vec<Row> = sqlx::query_as(
        "DELETE FROM proof_failure WHERE minute < $1
         RETURNING action, record_kind, record_id, network, changes, failures - 1",
    )
    .bind(before)
    .fetch_all(connection)
    .await?;
    let counted = rows.into_iter().map(|(action, record_kind, record_id, network, Json(changes), further)| Counted {
        action,
        record_kind,
        record_id,
        network,
        changes,
        further,
    });
    Ok(counted.filter(|counted| counted.further > 0).collect())
}

/// Forgets attempts that nobody followed up for a day, and places that were not used for half a year.
pub async fn prune(connection: &mut PgConnection) -> Result<u64> {
    let failures = sqlx::query(
        "DELETE FROM sign_in_failure
         WHERE last_time < now() - interval '1 day' AND (locked_until IS NULL OR locked_until < now())",
    )
    .execute(&mut *connection)
    .await?;
    let networks = sqlx::query("DELETE FROM sign_in_network WHERE last_time < now() - interval '1 day'")
        .execute(&mut *connection)
        .await?;
    let places = sqlx::query("DELETE FROM known_place WHERE last_time < now() - interval '180 days'")
        .execute(connection)
        .await?;
    Ok(failures.rows_affected() + networks.rows_affected() + places.rows_affected())
}
