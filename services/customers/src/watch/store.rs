//! SQL of the watch.

use chrono::{DateTime, Utc};
use contracts::customers::Customer;
use platform::access::RowPredicate;
use platform::db::Pool;
use platform::error::Result;
use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::customer::list::Selection;
use crate::customer::row::Reader;
use crate::customer::store::{push_selection, select};

/// Those of the customers that the selection holds and the rows cover, in no particular order.
pub async fn customers_among(
    pool: &Pool,
    reader: &Reader<'_>,
    selection: &Selection,
    rows: &RowPredicate,
    ids: &[Uuid],
) -> Result<Vec<Customer>> {
    let mut sql = select();
    sql.push("c.id = ANY(").push_bind(ids).push(") AND ");
    push_selection(&mut sql, selection, rows);
    let rows = sql.build().fetch_all(pool).await?;
    Ok(rows.iter().map(|row| reader.customer(row)).collect::<sqlx::Result<_>>()?)
}

/// The first customers of a list, oldest of them first.
pub async fn customers_first(
    pool: &Pool,
    selection: &Selection,
    rows: &RowPredicate,
    limit: usize,
) -> Result<Vec<Uuid>> {
    let mut sql = QueryBuilder::new("SELECT c.id FROM customer c WHERE ");
    push_selection(&mut sql, selection, rows);
    sql.push(" ORDER BY ");
    selection.order.push_order_sql(&mut sql);
    sql.push(" LIMIT ").push_bind(limit as i64);
    let mut ids: Vec<Uuid> = sql.build_query_scalar().fetch_all(pool).await?;
    ids.reverse();
    Ok(ids)
}

/// Now, and whose shares have run out since then; none at the first look.
pub async fn shares_expired(
    pool: &Pool,
    since: Option<DateTime<Utc>>,
    limit: usize,
) -> Result<(DateTime<Utc>, Vec<Uuid>)> {
    let expired = sqlx::query_as(
        "SELECT now(), ARRAY(SELECT DISTINCT record_id FROM customer_share
                             WHERE expire_time > $1 AND expire_time <= now() LIMIT $2)",
    );
    Ok(expired.bind(since).bind(limit as i64).fetch_one(pool).await?)
}
