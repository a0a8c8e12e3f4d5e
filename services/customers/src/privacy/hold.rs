//! What holds an erasure off: the law or a dispute demands that the data be kept.

use chrono::{DateTime, Utc};
use contracts::customers::ErasureHold;
use platform::access::RowPredicate;
use platform::db::{author, timestamp};
use platform::error::{Error, Result};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::rules;
use crate::error::reason;
use crate::parent::CUSTOMER_ROWS;

const SELECT: &str =
    "SELECT h.id, h.customer_id, h.reason, h.expire_time, h.release_time, h.create_time, h.create_user_id,
         h.release_time IS NULL AND (h.expire_time IS NULL OR h.expire_time > now())
     FROM erasure_hold AS h JOIN customer AS c ON c.id = h.customer_id WHERE ";

fn hold(row: &PgRow) -> sqlx::Result<ErasureHold> {
    Ok(ErasureHold {
        id: row.try_get::<Uuid, _>(0)?.to_string(),
        customer_id: row.try_get::<Uuid, _>(1)?.to_string(),
        reason: row.try_get(2)?,
        expire_time: row.try_get::<Option<DateTime<Utc>>, _>(3)?.map(timestamp),
        release_time: row.try_get::<Option<DateTime<Utc>>, _>(4)?.map(timestamp),
        create_time: Some(timestamp(row.try_get(5)?)),
        create_user_id: author(row, 6)?,
        active: row.try_get(7)?,
    })
}

/// Latest first, behind `after`. Served by `erasure_hold_customer`.
pub async fn hold_list(
    connection: &mut PgConnection,
    customer_id: Uuid,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<ErasureHold>> {
    let mut query = QueryBuilder::<Postgres>::new(SELECT);
    query.push("h.customer_id = ").push_bind(customer_id);
    if let Some(after) = after {
        query.push(" AND h.id < ").push_bind(after);
    }
    query.push(" ORDER BY h.id DESC LIMIT ").push_bind(limit);
    let rows = query.build().fetch_all(connection).await?;
    Ok(rows.iter().map(hold).collect::<sqlx::Result<_>>()?)
}

/// Of a locked customer.
pub async fn hold_insert(
    connection: &mut PgConnection,
    (id, customer_id): (Uuid, Uuid),
    reason: &str,
    expire_time: Option<DateTime<Utc>>,
) -> Result<ErasureHold> {
    sqlx::query("INSERT INTO erasure_hold (id, customer_id, reason, expire_time) VALUES ($1, $2, $3, $4)")
        .bind(id)
        .bind(customer_id)
        .bind(reason)
        .bind(expire_time)
        .execute(&mut *connection)
        .await?;
    hold_get(connection, None, id).await
}

/// One whose customer the rows cover, held until the transaction ends.
pub async fn hold_lock(connection: &mut PgConnection, rows: &RowPredicate, id: Uuid) -> Result<ErasureHold> {
    hold_get(connection, Some(rows), id).await
}

async fn hold_get(connection: &mut PgConnection, rows: Option<&RowPredicate>, id: Uuid) -> Result<ErasureHold> {
    let mut query = QueryBuilder::<Postgres>::new(SELECT);
    query.push("h.id = ").push_bind(id);
    if let Some(rows) = rows {
        query.push(" AND ");
        rows.push_sql(&mut query, CUSTOMER_ROWS);
        query.push(" FOR UPDATE OF h");
    }
    let row = query.build().fetch_optional(connection).await?.ok_or_else(Error::not_found)?;
    Ok(hold(&row)?)
}

pub async fn hold_release(connection: &mut PgConnection, id: Uuid) -> Result<ErasureHold> {
    let release = sqlx::query("UPDATE erasure_hold SET release_time = now() WHERE id = $1");
    release.bind(id).execute(&mut *connection).await?;
    hold_get(connection, None, id).await
}

/// FAILED_PRECONDITION while anything holds the erasure of a locked customer off; tells of what holds longest.
pub async fn require_none(connection: &mut PgConnection, customer_id: Uuid) -> Result<()> {
    let mut query = QueryBuilder::<Postgres>::new(SELECT);
    query.push("h.customer_id = ").push_bind(customer_id);
    query.push(" AND h.release_time IS NULL AND (h.expire_time IS NULL OR h.expire_time > now())");
    query.push(" ORDER BY h.expire_time DESC NULLS FIRST LIMIT 1");
    match query.build().fetch_optional(connection).await? {
        None => Ok(()),
        Some(row) => {
            let hold = hold(&row)?;
            let held = Error::failed_precondition(&reason::ERASURE_HELD);
            Err(held.arg("until", rules::until(&hold)).arg("reason", hold.reason))
        }
    }
}
