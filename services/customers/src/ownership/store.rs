//! All SQL of ownership.

use chrono::{DateTime, Utc};
use platform::access::RowPredicate;
use platform::db::Pool;
use platform::error::{Error, Result};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::Cause;
use crate::parent::CUSTOMER_ROWS;

/// Customers out of use count too: they can be restored, and must not be without an owner then.
pub async fn owned_count(pool: &Pool, employee_id: Uuid) -> Result<i64> {
    let count = sqlx::query_scalar("SELECT count(*) FROM customer WHERE owner_id = $1");
    Ok(count.bind(employee_id).fetch_one(pool).await?)
}

/// From when to when a customer had an owner, or lay in a pool.
pub struct Period {
    pub id: Uuid,
    pub owner_id: Option<Uuid>,
    pub group_id: Option<Uuid>,
    pub start_time: DateTime<Utc>,
    /// None of the present one.
    pub end_time: Option<DateTime<Utc>>,
    pub cause: Option<Cause>,
}

/// Who made the customer, and when: so its first period began.
pub struct Created {
    pub time: DateTime<Utc>,
    pub user_id: Option<Uuid>,
}

fn period(row: &PgRow) -> sqlx::Result<Period> {
    Ok(Period {
        id: row.try_get(0)?,
        owner_id: row.try_get(1)?,
        group_id: row.try_get(2)?,
        start_time: row.try_get(3)?,
        end_time: row.try_get(4)?,
        cause: row.try_get::<Option<Json<Cause>>, _>(5)?.map(|Json(cause)| cause),
    })
}

/// The period that has no end yet; NOT_FOUND unless the rows cover the customer.
pub async fn period_present(
    connection: &mut PgConnection,
    rows: &RowPredicate,
    customer_id: Uuid,
) -> Result<(Period, Created)> {
    let mut sql = QueryBuilder::<Postgres>::new(
        "SELECT c.id, c.owner_id, c.group_id, c.owner_time, NULL::timestamptz, c.owner_cause, c.create_time,
                c.create_user_id
         FROM customer c WHERE c.id = ",
    );
    sql.push_bind(customer_id).push(" AND ");
    rows.push_sql(&mut sql, CUSTOMER_ROWS);
    let row = sql.build().fetch_optional(connection).await?.ok_or_else(Error::not_found)?;
    Ok((period(&row)?, Created { time: row.try_get(6)?, user_id: row.try_get(7)? }))
}

/// Those that are over, the last first, behind a place. Served by `ownership_customer`.
pub async fn period_list(
    connection: &mut PgConnection,
    customer_id: Uuid,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Period>> {
    let rows = sqlx::query(
        "SELECT id, owner_id, group_id, start_time, end_time, cause FROM ownership
         WHERE customer_id = $1 AND ($2::timestamptz IS NULL OR (end_time, id) < ($2, $3))
         ORDER BY end_time DESC, id DESC LIMIT $4",
    )
    .bind(customer_id)
    .bind(after.map(|(time, _)| time))
    .bind(after.map(|(_, id)| id))
    .bind(limit)
    .fetch_all(connection)
    .await?;
    Ok(rows.iter().map(period).collect::<sqlx::Result<_>>()?)
}
