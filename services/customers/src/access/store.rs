//! What the row predicate looks at, for one customer.

use chrono::{DateTime, Utc};
use platform::access::{RecordFacts, RowPredicate, ShareFacts};
use platform::db::Pool;
use platform::error::{Error, Result};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use crate::parent::CUSTOMER_ROWS;

/// Facts of a customer that the rows cover, and whether it lies in a pool; NOT_FOUND otherwise.
pub async fn facts(pool: &Pool, rows: &RowPredicate, id: Uuid) -> Result<(RecordFacts, bool)> {
    let mut sql = QueryBuilder::<Postgres>::new(
        "SELECT c.owner_id, c.group_id, c.owner_id IS NULL AND c.state = 1 FROM customer c WHERE c.id = ",
    );
    sql.push_bind(id).push(" AND ");
    rows.push_sql(&mut sql, CUSTOMER_ROWS);
    let (owner_id, group_id, pooled) = sql.build_query_as().fetch_optional(pool).await?.ok_or_else(Error::not_found)?;
    type Row = (Option<Uuid>, Option<Uuid>, Option<DateTime<Utc>>);
    let shares: Vec<Row> =
        sqlx::query_as("SELECT employee_id, group_id, expire_time FROM customer_share WHERE record_id = $1")
            .bind(id)
            .fetch_all(pool)
            .await?;
    let share = |(employee_id, group_id, expire_time)| ShareFacts { employee_id, group_id, expire_time };
    Ok((RecordFacts { owner_id, group_id, shares: shares.into_iter().map(share).collect() }, pooled))
}
