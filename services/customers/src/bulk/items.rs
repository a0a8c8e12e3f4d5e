//! All SQL of the customers of a bulk change, and of what became of each.

use platform::access::RowPredicate;
use platform::error::Result;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, QueryBuilder, Row};
use uuid::Uuid;

use super::values::Values;
use crate::customer::list::Selection;
use crate::customer::row::{COLUMNS, WIDTH};
use crate::customer::store::push_selection;
use crate::parent::CUSTOMER_ROWS;

/// How many customers a selection finds.
pub async fn selected_count(connection: &mut PgConnection, selection: &Selection, rows: &RowPredicate) -> Result<i64> {
    let mut sql = QueryBuilder::new("SELECT count(*) FROM customer c WHERE ");
    push_selection(&mut sql, selection, rows);
    Ok(sql.build_query_scalar().fetch_one(connection).await?)
}

/// The next customers that a selection finds, in the order of ids, in which everybody holds them.
pub async fn selected_ids(
    connection: &mut PgConnection,
    selection: &Selection,
    rows: &RowPredicate,
    after: Uuid,
    limit: i64,
) -> Result<Vec<Uuid>> {
    let mut sql = QueryBuilder::new("SELECT c.id FROM customer c WHERE c.id > ");
    sql.push_bind(after).push(" AND ");
    push_selection(&mut sql, selection, rows);
    sql.push(" ORDER BY c.id LIMIT ").push(limit);
    Ok(sql.build_query_scalar().fetch_all(connection).await?)
}

/// A customer that is held until the transaction ends.
pub struct Held {
    pub id: Uuid,
    pub row: PgRow,
    /// The caller may change it, and not only read it.
    pub changeable: bool,
}

/// Those that the caller reads, with a selection those that it still finds.
pub async fn customers_lock(
    connection: &mut PgConnection,
    (readable, changeable): (&RowPredicate, &RowPredicate),
    selection: Option<&Selection>,
    ids: &[Uuid],
) -> Result<Vec<Held>> {
    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(COLUMNS).push(", coalesce(");
    changeable.push_sql(&mut sql, CUSTOMER_ROWS);
    sql.push(", false) FROM customer c WHERE c.id = ANY(").push_bind(ids).push(") AND ");
    match selection {
        Some(selection) => push_selection(&mut sql, selection, readable),
        None => readable.push_sql(&mut sql, CUSTOMER_ROWS),
    }
    sql.push(" ORDER BY c.id FOR NO KEY UPDATE OF c");
    let rows = sql.build().fetch_all(connection).await?;
    let held = |row: PgRow| Ok(Held { id: row.try_get(0)?, changeable: row.try_get(WIDTH)?, row });
    Ok(rows.into_iter().map(held).collect::<sqlx::Result<_>>()?)
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ItemState {
    Changed = 1,
    Refused = 2,
    Restored = 3,
    Kept = 4,
}

pub struct Item {
    pub customer_id: Uuid,
    pub state: ItemState,
    pub old_values: Option<Values>,
    /// Id of the reason.
    pub reason: &'static str,
}

impl Item {
    pub fn told(customer_id: Uuid, state: ItemState, reason: &'static str) -> Self {
        Self { customer_id, state, old_values: None, reason }
    }
}

pub async fn items_insert(connection: &mut PgConnection, id: Uuid, items: &[Item]) -> Result<()> {
    sqlx::query(
        "INSERT INTO bulk_change_item (bulk_change_id, customer_id, state, old_values, reason)
         SELECT $1, n.* FROM unnest($2::uuid[], $3::int2[], $4::jsonb[], $5::text[]) AS n",
    )
    .bind(id)
    .bind(items.iter().map(|item| item.customer_id).collect::<Vec<_>>())
    .bind(items.iter().map(|item| item.state as i16).collect::<Vec<_>>())
    .bind(items.iter().map(|item| item.old_values.clone().map(Json)).collect::<Vec<_>>())
    .bind(items.iter().map(|item| item.reason).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// The next customers that were changed and not given back, with their values of before.
pub async fn changed_items(connection: &mut PgConnection, id: Uuid, limit: i64) -> Result<Vec<(Uuid, Json<Values>)>> {
    let items = sqlx::query_as(
        "SELECT customer_id, old_values FROM bulk_change_item WHERE bulk_change_id = $1 AND state = 1
         ORDER BY customer_id LIMIT $2",
    );
    Ok(items.bind(id).bind(limit).fetch_all(connection).await?)
}

/// Notes what became of them on the way back.
pub async fn items_settle(connection: &mut PgConnection, id: Uuid, items: &[Item]) -> Result<()> {
    sqlx::query(
        "UPDATE bulk_change_item i SET state = n.state, reason = n.reason
         FROM unnest($2::uuid[], $3::int2[], $4::text[]) AS n (customer_id, state, reason)
         WHERE i.bulk_change_id = $1 AND i.customer_id = n.customer_id",
    )
    .bind(id)
    .bind(items.iter().map(|item| item.customer_id).collect::<Vec<_>>())
    .bind(items.iter().map(|item| item.state as i16).collect::<Vec<_>>())
    .bind(items.iter().map(|item| item.reason).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// A customer that was left as it is, named for who may read it.
#[derive(sqlx::FromRow)]
pub struct Refusal {
    pub customer_id: Uuid,
    pub state: i16,
    pub reason: String,
    pub number: Option<String>,
    pub name: Option<String>,
}

pub async fn refusal_list(
    connection: &mut PgConnection,
    id: Uuid,
    readable: &RowPredicate,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Refusal>> {
    let mut sql = QueryBuilder::new("SELECT i.customer_id, i.state, i.reason, CASE WHEN ");
    readable.push_sql(&mut sql, CUSTOMER_ROWS);
    sql.push(" THEN c.number END AS number, CASE WHEN ");
    readable.push_sql(&mut sql, CUSTOMER_ROWS);
    sql.push(
        " THEN c.name END AS name
         FROM bulk_change_item i LEFT JOIN customer c ON c.id = i.customer_id
         WHERE i.state IN (2, 4) AND i.bulk_change_id = ",
    );
    sql.push_bind(id);
    if let Some(after) = after {
        sql.push(" AND i.customer_id > ").push_bind(after);
    }
    sql.push(" ORDER BY i.customer_id LIMIT ").push_bind(limit);
    Ok(sql.build_query_as().fetch_all(connection).await?)
}
