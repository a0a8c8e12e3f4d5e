//! All SQL of merges themselves, and of the customers that they lock and write; `moves` has that of what belongs to these.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use contracts::customers::MovedCount;
use platform::access::RowPredicate;
use platform::error::{Error, Result};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, PgConnection, PgExecutor, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use crate::customer::row::COLUMNS as CUSTOMER_COLUMNS;
use crate::customer::store::{CUSTOMER_ROWS, select};

/// Before and after of a field; nothing stands for a blank.
pub type Fields = BTreeMap<String, (Option<Value>, Option<Value>)>;

pub struct Stored {
    pub id: Uuid,
    pub survivor_id: Uuid,
    pub merged_ids: Vec<Uuid>,
    pub fields: Fields,
    pub changed_fields: Vec<String>,
    pub moved: Vec<MovedCount>,
    pub create_user_id: Uuid,
    pub create_time: DateTime<Utc>,
    pub undo_user_id: Option<Uuid>,
    pub undo_time: Option<DateTime<Utc>>,
    pub returned: Vec<MovedCount>,
    pub kept_fields: Vec<String>,
}

impl Stored {
    /// All customers of it, the survivor first.
    pub fn customer_ids(&self) -> Vec<Uuid> {
        std::iter::once(self.survivor_id).chain(self.merged_ids.iter().copied()).collect()
    }
}

const COLUMNS: &str = "SELECT m.id, m.survivor_id, m.merged_ids, m.fields, m.changed_fields, m.moved, m.create_user_id,
    m.create_time, m.undo_user_id, m.undo_time, m.returned, m.kept_fields
    FROM customer_merge m JOIN customer c ON c.id = m.survivor_id WHERE ";

fn counts(row: &PgRow, index: usize) -> sqlx::Result<Vec<MovedCount>> {
    let Json(counts) = row.try_get::<Json<BTreeMap<String, i64>>, _>(index)?;
    Ok(counts.into_iter().map(|(kind, count)| MovedCount { kind, count }).collect())
}

fn counts_json(counts: &[MovedCount]) -> Json<BTreeMap<&str, i64>> {
    Json(counts.iter().map(|moved| (moved.kind.as_str(), moved.count)).collect())
}

fn stored(row: &PgRow) -> sqlx::Result<Stored> {
    Ok(Stored {
        id: row.try_get(0)?,
        survivor_id: row.try_get(1)?,
        merged_ids: row.try_get(2)?,
        fields: row.try_get::<Json<Fields>, _>(3)?.0,
        changed_fields: row.try_get(4)?,
        moved: counts(row, 5)?,
        create_user_id: row.try_get(6)?,
        create_time: row.try_get(7)?,
        undo_user_id: row.try_get(8)?,
        undo_time: row.try_get(9)?,
        returned: counts(row, 10)?,
        kept_fields: row.try_get(11)?,
    })
}

/// A merge whose survivor the rows cover.
pub async fn merge_get(connection: &mut PgConnection, rows: &RowPredicate, id: Uuid) -> Result<Stored> {
    let mut sql = QueryBuilder::<Postgres>::new(COLUMNS);
    sql.push("m.id = ").push_bind(id).push(" AND ");
    rows.push_sql(&mut sql, CUSTOMER_ROWS);
    let row = sql.build().fetch_optional(connection).await?;
    Ok(stored(&row.ok_or_else(Error::not_found)?)?)
}

pub async fn merge_list(
    connection: &mut PgConnection,
    rows: &RowPredicate,
    survivor_id: Option<Uuid>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Stored>> {
    let mut sql = QueryBuilder::<Postgres>::new(COLUMNS);
    rows.push_sql(&mut sql, CUSTOMER_ROWS);
    if let Some(id) = survivor_id {
        sql.push(" AND m.survivor_id = ").push_bind(id);
    }
    if let Some(after) = after {
        sql.push(" AND m.id < ").push_bind(after);
    }
    sql.push(" ORDER BY m.id DESC LIMIT ").push(limit);
    let found = sql.build().fetch_all(connection).await?;
    Ok(found.iter().map(stored).collect::<sqlx::Result<_>>()?)
}

pub async fn merge_insert(
    connection: &mut PgConnection,
    (id, survivor_id, merged_ids): (Uuid, Uuid, &[Uuid]),
    fields: &Fields,
    create_user_id: Uuid,
) -> Result<()> {
    let changed: Vec<&str> = fields.keys().map(String::as_str).collect();
    sqlx::query(
        "INSERT INTO customer_merge (id, survivor_id, merged_ids, fields, changed_fields, moved, create_user_id)
         VALUES ($1, $2, $3, $4, $5, '{}', $6)",
    )
    .bind(id)
    .bind(survivor_id)
    .bind(merged_ids)
    .bind(Json(fields))
    .bind(changed)
    .bind(create_user_id)
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn moved_set(connection: &mut PgConnection, id: Uuid, moved: &[MovedCount]) -> Result<()> {
    let set = sqlx::query("UPDATE customer_merge SET moved = $2 WHERE id = $1");
    set.bind(id).bind(counts_json(moved)).execute(connection).await?;
    Ok(())
}

/// Ends a merge; what the way back needed is needed no more.
pub async fn undone_set(
    connection: &mut PgConnection,
    id: Uuid,
    user_id: Uuid,
    returned: &[MovedCount],
    kept_fields: &[String],
) -> Result<()> {
    sqlx::query(
        "UPDATE customer_merge SET undo_user_id = $2, undo_time = now(), returned = $3, kept_fields = $4, fields = '{}'
         WHERE id = $1",
    )
    .bind(id)
    .bind(user_id)
    .bind(counts_json(returned))
    .bind(kept_fields)
    .execute(&mut *connection)
    .await?;
    sqlx::query("DELETE FROM customer_merge_item WHERE merge_id = $1").bind(id).execute(connection).await?;
    Ok(())
}

/// The rows of those customers that `update` covers, and `go` too but for the survivor; held until the transaction ends, in
/// the order of ids as everybody holds them.
pub async fn customers_lock(
    connection: &mut PgConnection,
    (update, go): (&RowPredicate, &RowPredicate),
    survivor_id: Uuid,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, PgRow>> {
    let mut sql = customers_query((update, go), survivor_id, ids);
    sql.push(" ORDER BY c.id FOR NO KEY UPDATE OF c");
    by_id(sql.build().fetch_all(connection).await?)
}

/// The same without holding them.
pub async fn customers_get(
    connection: &mut PgConnection,
    (update, go): (&RowPredicate, &RowPredicate),
    survivor_id: Uuid,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, PgRow>> {
    by_id(customers_query((update, go), survivor_id, ids).build().fetch_all(connection).await?)
}

fn customers_query(
    (update, go): (&RowPredicate, &RowPredicate),
    survivor_id: Uuid,
    ids: &[Uuid],
) -> QueryBuilder<Postgres> {
    let mut sql = select();
    sql.push("c.id = ANY(").push_bind(ids.to_vec()).push(") AND ");
    update.push_sql(&mut sql, CUSTOMER_ROWS);
    sql.push(" AND (c.id = ").push_bind(survivor_id).push(" OR ");
    go.push_sql(&mut sql, CUSTOMER_ROWS);
    sql.push(")");
    sql
}

fn by_id(rows: Vec<PgRow>) -> Result<HashMap<Uuid, PgRow>> {
    Ok(rows.into_iter().map(|row| Ok((row.try_get(0)?, row))).collect::<sqlx::Result<_>>()?)
}

/// The customer that took this one over, where the rows cover it.
pub async fn went_into(executor: impl PgExecutor<'_>, rows: &RowPredicate, id: Uuid) -> Result<Option<Uuid>> {
    let mut sql = QueryBuilder::<Postgres>::new("SELECT c.id FROM customer c WHERE ");
    rows.push_sql(&mut sql, CUSTOMER_ROWS);
    sql.push(" AND c.id = (SELECT merged_into_id FROM customer WHERE id = ").push_bind(id).push(")");
    Ok(sql.build_query_scalar().fetch_optional(executor).await?)
}

/// Who took each of the customers over, where somebody did.
pub async fn merged_into(connection: &mut PgConnection, ids: &[Uuid]) -> Result<HashMap<Uuid, Uuid>> {
    let found =
        sqlx::query_as("SELECT id, merged_into_id FROM customer WHERE id = ANY($1) AND merged_into_id IS NOT NULL");
    Ok(found.bind(ids).fetch_all(connection).await?.into_iter().collect())
}

/// Takes held customers out of use for a survivor, or brings them back into use when none is named.
pub async fn merged_into_set(
    connection: &mut PgConnection,
    ids: &[Uuid],
    survivor_id: Option<Uuid>,
    user_id: Uuid,
) -> Result<Vec<PgRow>> {
    let sql = format!(
        "UPDATE customer c
         SET state = CASE WHEN $2::uuid IS NULL THEN 1 ELSE 2 END, merged_into_id = $2, update_time = now(),
             update_user_id = $3, revision = c.revision + 1
         WHERE c.id = ANY($1)
         RETURNING {CUSTOMER_COLUMNS}"
    );
    let set = sqlx::query(AssertSqlSafe(sql)).bind(ids).bind(survivor_id).bind(user_id);
    Ok(set.fetch_all(connection).await?)
}

/// Frees those of the customers' unique values that another one takes over.
pub async fn unique_values_free(
    connection: &mut PgConnection,
    ids: &[Uuid],
    values: &[(String, String)],
) -> Result<()> {
    let (keys, texts): (Vec<&str>, Vec<&str>) =
        values.iter().map(|(key, value)| (key.as_str(), value.as_str())).unzip();
    sqlx::query(
        "DELETE FROM customer_unique_value u USING unnest($2::text[], $3::text[]) AS n (key, value)
         WHERE u.customer_id = ANY($1) AND u.field_key = n.key AND u.value = n.value",
    )
    .bind(ids)
    .bind(keys)
    .bind(texts)
    .execute(connection)
    .await?;
    Ok(())
}

/// Number and name of those of the customers that the rows cover.
pub async fn names(
    connection: &mut PgConnection,
    rows: &RowPredicate,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, (String, String)>> {
    let mut sql = QueryBuilder::<Postgres>::new("SELECT c.id, c.number, c.name FROM customer c WHERE c.id = ANY(");
    sql.push_bind(ids).push(") AND ");
    rows.push_sql(&mut sql, CUSTOMER_ROWS);
    let found: Vec<(Uuid, String, String)> = sql.build_query_as().fetch_all(connection).await?;
    Ok(found.into_iter().map(|(id, number, name)| (id, (number, name))).collect())
}

/// Forgets what the way back needed of merges made before; how many.
pub async fn merges_prune(connection: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    // Served by `customer_merge_time`.
    let pruned = sqlx::query(
        "WITH old AS (
             SELECT id FROM customer_merge WHERE create_time < $1 AND fields <> '{}' LIMIT $2 FOR UPDATE SKIP LOCKED
         ), items AS (
             DELETE FROM customer_merge_item i USING old WHERE i.merge_id = old.id
         )
         UPDATE customer_merge m SET fields = '{}' FROM old WHERE m.id = old.id",
    );
    Ok(pruned.bind(before).bind(limit).execute(connection).await?.rows_affected())
}
