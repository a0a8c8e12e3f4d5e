//! All SQL of points.

use chrono::{DateTime, Utc};
use contracts::customers::{PointAccount, PointEntry, PointEntryKind};
use platform::access::Policy;
use platform::db::timestamp;
use platform::error::{Error, Result, on_constraint};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use uuid::Uuid;

use crate::error::reason;

const COLUMNS: &str =
    "id, kind, amount, balance, source, reason, reverses_id, expire_time, create_time, create_user_id";

/// An entry to be.
pub struct New<'a> {
    pub customer_id: Uuid,
    pub kind: PointEntryKind,
    pub amount: i64,
    pub source: &'a str,
    pub reason: &'a str,
    pub reverses_id: Option<Uuid>,
    pub expire_time: Option<DateTime<Utc>>,
    pub below_zero: bool,
}

fn entry(row: &PgRow, policy: &Policy) -> sqlx::Result<(PointEntry, DateTime<Utc>)> {
    let time = row.try_get(8)?;
    let user_id: Option<Uuid> = row.try_get(9)?;
    let entry = PointEntry {
        id: row.try_get::<Uuid, _>(0)?.to_string(),
        kind: row.try_get::<i16, _>(1)?.into(),
        amount: row.try_get(2)?,
        balance: row.try_get(3)?,
        source: row.try_get(4)?,
        reason: row.try_get(5)?,
        reverses_id: row.try_get::<Option<Uuid>, _>(6)?.map(|id| id.to_string()).unwrap_or_default(),
        expire_time: row.try_get::<Option<_>, _>(7)?.map(timestamp),
        create_time: Some(timestamp(time)),
        create_user_id: user_id.map(|id| id.to_string()).unwrap_or_default(),
        create_user_name: user_id.map(|id| policy.employee_name(id).to_owned()).unwrap_or_default(),
    };
    Ok((entry, time))
}

/// What has run out and is not written off yet does not count.
pub async fn account(connection: &mut PgConnection, customer_id: Uuid) -> Result<PointAccount> {
    let row = sqlx::query(
        "SELECT coalesce((SELECT balance FROM point_account WHERE customer_id = $1), 0)
                - coalesce((SELECT sum(remaining) FROM point_lot
                            WHERE customer_id = $1 AND remaining > 0 AND expire_time <= now()), 0)::bigint,
                n.expire_time, coalesce(n.amount, 0)
         FROM (VALUES (1)) AS one
         LEFT JOIN LATERAL (
             SELECT expire_time, sum(remaining)::bigint AS amount FROM point_lot
             WHERE customer_id = $1 AND remaining > 0 AND expire_time > now()
             GROUP BY expire_time ORDER BY expire_time LIMIT 1
         ) AS n ON true",
    )
    .bind(customer_id)
    .fetch_one(connection)
    .await?;
    Ok(PointAccount {
        balance: row.try_get(0)?,
        next_expire_time: row.try_get::<Option<_>, _>(1)?.map(timestamp),
        next_expire_amount: row.try_get(2)?,
    })
}

/// The last first, behind a place. Served by `point_entry_customer`.
pub async fn entry_list(
    connection: &mut PgConnection,
    policy: &Policy,
    customer_id: Uuid,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<(PointEntry, DateTime<Utc>)>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM point_entry
         WHERE customer_id = $1 AND ($2::timestamptz IS NULL OR (create_time, id) < ($2, $3))
         ORDER BY create_time DESC, id DESC LIMIT $4"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(customer_id)
        .bind(after.map(|(time, _)| time))
        .bind(after.map(|(_, id)| id))
        .bind(limit)
        .fetch_all(connection)
        .await?;
    Ok(rows.iter().map(|row| entry(row, policy)).collect::<sqlx::Result<_>>()?)
}

pub async fn entry_get(
    connection: &mut PgConnection,
    policy: &Policy,
    customer_id: Uuid,
    id: Uuid,
) -> Result<PointEntry> {
    let sql = format!("SELECT {COLUMNS} FROM point_entry WHERE customer_id = $1 AND id = $2");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(customer_id).bind(id).fetch_optional(connection).await?;
    Ok(entry(&row.ok_or_else(Error::not_found)?, policy)?.0)
}

/// The entry of a kind that a source has made.
pub async fn entry_of(
    connection: &mut PgConnection,
    policy: &Policy,
    (customer_id, kind, source): (Uuid, PointEntryKind, &str),
) -> Result<Option<PointEntry>> {
    let sql = format!("SELECT {COLUMNS} FROM point_entry WHERE customer_id = $1 AND kind = $2 AND source = $3");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(customer_id).bind(kind as i16).bind(source);
    let row = row.fetch_optional(connection).await?;
    Ok(row.map(|row| entry(&row, policy)).transpose()?.map(|(entry, _)| entry))
}

pub async fn entry_insert(connection: &mut PgConnection, policy: &Policy, new: &New<'_>) -> Result<PointEntry> {
    let sql = format!(
        "INSERT INTO point_entry (id, customer_id, kind, amount, source, reason, reverses_id, expire_time, below_zero)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING {COLUMNS}"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(Uuid::now_v7())
        .bind(new.customer_id)
        .bind(new.kind as i16)
        .bind(new.amount)
        .bind(new.source)
        .bind(new.reason)
        .bind(new.reverses_id)
        .bind(new.expire_time)
        .bind(new.below_zero)
        .fetch_one(connection)
        .await
        .map_err(|error| {
            let short = || Error::failed_precondition(&reason::POINTS_SHORT);
            let reversed = || Error::failed_precondition(&reason::POINT_ENTRY_REVERSED);
            on_constraint(error, &[("point_entry_balance", short), ("point_entry_reversed", reversed)])
        })?;
    Ok(entry(&row, policy)?.0)
}

/// Customers of whom something has run out behind an id.
pub async fn expiring(connection: &mut PgConnection, after: Uuid, limit: i64) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar(
        "SELECT DISTINCT customer_id FROM point_lot
         WHERE remaining > 0 AND expire_time <= now() AND customer_id > $1 ORDER BY customer_id LIMIT $2",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(connection)
    .await
}

/// Writes off what has run out, an entry for each gain. The accounts are held first, so that nobody else does it too.
pub async fn write_off(connection: &mut PgConnection, customer_ids: &[Uuid]) -> sqlx::Result<u64> {
    sqlx::query("SELECT FROM point_account WHERE customer_id = ANY($1) ORDER BY customer_id FOR UPDATE")
        .bind(customer_ids)
        .execute(&mut *connection)
        .await?;
    let written = sqlx::query(
        "INSERT INTO point_entry (id, customer_id, kind, amount, source)
         SELECT gen_random_uuid(), customer_id, $2, -remaining, 'lot/' || entry_id FROM point_lot
         WHERE customer_id = ANY($1) AND remaining > 0 AND expire_time <= now()
         ORDER BY expire_time, entry_id",
    );
    let written = written.bind(customer_ids).bind(PointEntryKind::Expired as i16).execute(connection).await?;
    Ok(written.rows_affected())
}
