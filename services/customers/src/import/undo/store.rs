//! All SQL of what imports did and what is taken back of it.

use std::collections::{HashMap, HashSet};

use contracts::customers::{Customer, ImportKept, ImportKeptReason, ImportState};
use platform::access::RowPredicate;
use platform::error::{Error, Reason, Result};
use prost::Message;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::rules::Now;
use crate::customer::row::{COLUMNS, WIDTH};
use crate::import::bulk;
use crate::import::copy::Rows;
use crate::parent::CUSTOMER_ROWS;

/// How far taking back has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Undone {
    pub removed: i64,
    pub restored: i64,
    pub kept: i64,
    pub total: i64,
}

/// Notes customers that a run made.
pub async fn made_note(connection: &mut PgConnection, import_id: Uuid, ids: &[Uuid]) -> sqlx::Result<()> {
    let mut rows = Rows::default();
    for id in ids {
        rows.plain(import_id).plain(id).plain(1).end();
    }
    rows.send(connection, "COPY import_effect (import_id, customer_id, revision) FROM STDIN").await
}

/// Notes customers that a run is about to change, as they are. What they were before the first change counts.
pub async fn changed_note(
    connection: &mut PgConnection,
    import_id: Uuid,
    before: impl Iterator<Item = (Uuid, &Customer, &Value)>,
) -> sqlx::Result<()> {
    let (mut ids, mut revisions, mut customers, mut custom_fields) = (vec![], vec![], vec![], vec![]);
    for (id, customer, custom) in before {
        ids.push(id);
        revisions.push(bulk::revision(customer) + 1);
        customers.push(customer.encode_to_vec());
        custom_fields.push(custom);
    }
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO import_effect (import_id, customer_id, revision, before, before_custom)
         SELECT $1, e.* FROM unnest($2::uuid[], $3::bigint[], $4::bytea[], $5::jsonb[]) AS e
         ON CONFLICT (import_id, customer_id) DO UPDATE SET revision = excluded.revision",
    )
    .bind(import_id)
    .bind(ids)
    .bind(revisions)
    .bind(customers)
    .bind(custom_fields)
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn effect_count(connection: &mut PgConnection, import_id: Uuid) -> Result<i64> {
    let count = sqlx::query_scalar("SELECT count(*) FROM import_effect WHERE import_id = $1 AND kept = 0");
    Ok(count.bind(import_id).fetch_one(connection).await?)
}

/// Begins, or goes on after it broke off.
pub async fn undo_start(connection: &mut PgConnection, import_id: Uuid, job_id: Uuid, left: i64) -> Result<()> {
    sqlx::query(
        "UPDATE import SET state = $3, job_id = $2, failure = '', undo_time = coalesce(undo_time, now()),
             undone = CASE WHEN undo_time IS NULL THEN jsonb_build_object('total', $4::bigint) ELSE undone END
         WHERE id = $1",
    )
    .bind(import_id)
    .bind(job_id)
    .bind(ImportState::Undoing as i16)
    .bind(left)
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds to what was taken back; nothing when it is no longer this job's.
pub async fn undone_set(
    connection: &mut PgConnection,
    import_id: Uuid,
    job_id: Uuid,
    undone: &Undone,
) -> Result<Option<()>> {
    let set = sqlx::query("UPDATE import SET undone = $3 WHERE id = $1 AND job_id = $2 AND state = $4");
    let set = set.bind(import_id).bind(job_id).bind(Json(undone)).bind(ImportState::Undoing as i16);
    Ok((set.execute(connection).await?.rows_affected() == 1).then_some(()))
}

/// Ends it, unless it is no longer this job's.
pub async fn undo_end(
    connection: &mut PgConnection,
    import_id: Uuid,
    job_id: Uuid,
    state: ImportState,
    failure: Option<&'static Reason>,
) -> Result<bool> {
    let ended = sqlx::query("UPDATE import SET state = $3, failure = $4 WHERE id = $1 AND job_id = $2 AND state = $5");
    let failure = failure.map(|reason| reason.id).unwrap_or_default();
    let ended = ended.bind(import_id).bind(job_id).bind(state as i16).bind(failure).bind(ImportState::Undoing as i16);
    Ok(ended.execute(connection).await?.rows_affected() == 1)
}

/// What a run did to a customer.
pub struct Effect {
    pub customer_id: Uuid,
    pub revision: i64,
    /// The customer of before with its custom fields; nothing when the run made it.
    pub before: Option<(Customer, Value)>,
}

/// The next that were not tried yet.
pub async fn effect_list(connection: &mut PgConnection, import_id: Uuid, limit: i64) -> Result<Vec<Effect>> {
    let rows = sqlx::query(
        "SELECT customer_id, revision, before, before_custom FROM import_effect
         WHERE import_id = $1 AND kept = 0 ORDER BY customer_id LIMIT $2",
    );
    let rows = rows.bind(import_id).bind(limit).fetch_all(connection).await?;
    let effect = |row: &PgRow| {
        let before = row.try_get::<Option<&[u8]>, _>(2)?.map(Customer::decode).transpose().map_err(Error::internal)?;
        let custom_fields = row.try_get::<Option<Value>, _>(3)?.unwrap_or_default();
        Ok(Effect {
            customer_id: row.try_get(0)?,
            revision: row.try_get(1)?,
            before: before.map(|before| (before, custom_fields)),
        })
    };
    rows.iter().map(effect).collect()
}

/// Tables whose rows follow from the customer by themselves.
const DERIVED: [&str; 6] =
    ["search_document", "customer_tag", "grade_change", "grade_override", "stage_change", "duplicate_pair"];

/// Holds the customers until the transaction ends and tells how they are now. Who adds a record to one waits, or is done.
pub async fn customers_lock(
    connection: &mut PgConnection,
    ids: &[Uuid],
    rows: &RowPredicate,
) -> Result<HashMap<Uuid, (Now, PgRow)>> {
    sqlx::query("SELECT FROM customer WHERE id = ANY($1) ORDER BY id FOR UPDATE")
        .bind(ids)
        .execute(&mut *connection)
        .await?;
    // Behind the lock, or records that were added before it would not be seen.
    let used = used(connection, ids).await?;
    let mut sql = QueryBuilder::<Postgres>::new("SELECT ");
    sql.push(COLUMNS).push(", ");
    rows.push_sql(&mut sql, CUSTOMER_ROWS);
    sql.push(" FROM customer c WHERE c.id = ANY(").push_bind(ids).push(")");
    let found = sql.build().fetch_all(connection).await?;
    let now = |row: PgRow| {
        let id: Uuid = row.try_get(0)?;
        let now = Now {
            revision: row.try_get(WIDTH - 1)?,
            covered: bulk::is_covered(&row)?,
            has_records: used.contains(&id),
        };
        Ok((id, (now, row)))
    };
    Ok(found.into_iter().map(now).collect::<sqlx::Result<_>>()?)
}

/// Those of the customers that anything of any table refers to, but for what is derived.
async fn used(connection: &mut PgConnection, ids: &[Uuid]) -> Result<HashSet<Uuid>> {
    let references: Vec<(String, String)> = sqlx::query_as(
        "SELECT quote_ident(t.relname), quote_ident(a.attname)
         FROM pg_constraint c
         JOIN pg_class t ON t.oid = c.conrelid
         JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
         WHERE c.contype = 'f' AND c.confrelid = 'customer'::regclass AND NOT t.relname = ANY($1)",
    )
    .bind(&DERIVED[..])
    .fetch_all(&mut *connection)
    .await?;
    let of_table =
        |(table, column): &(String, String)| format!("SELECT {column} FROM {table} WHERE {column} = ANY($1)");
    let sql = references.iter().map(of_table).collect::<Vec<_>>().join(" UNION ");
    // Made of the catalog's names alone.
    Ok(sqlx::query_scalar(AssertSqlSafe(sql)).bind(ids).fetch_all(connection).await?.into_iter().collect())
}

pub async fn customers_remove(connection: &mut PgConnection, ids: &[Uuid]) -> Result<()> {
    for statement in
        ["DELETE FROM customer_unique_value WHERE customer_id = ANY($1)", "DELETE FROM customer WHERE id = ANY($1)"]
    {
        sqlx::query(statement).bind(ids).execute(&mut *connection).await?;
    }
    Ok(())
}

pub async fn effects_settle(
    connection: &mut PgConnection,
    import_id: Uuid,
    taken_back: &[Uuid],
    kept: &[(Uuid, ImportKeptReason)],
) -> Result<()> {
    sqlx::query("DELETE FROM import_effect WHERE import_id = $1 AND customer_id = ANY($2)")
        .bind(import_id)
        .bind(taken_back)
        .execute(&mut *connection)
        .await?;
    let (ids, reasons): (Vec<Uuid>, Vec<i16>) = kept.iter().map(|(id, reason)| (*id, *reason as i16)).unzip();
    // Nothing of before is needed any more.
    sqlx::query(
        "UPDATE import_effect e SET kept = k.reason, before = NULL, before_custom = NULL
         FROM unnest($2::uuid[], $3::smallint[]) AS k (id, reason)
         WHERE e.import_id = $1 AND e.customer_id = k.id",
    )
    .bind(import_id)
    .bind(ids)
    .bind(reasons)
    .execute(connection)
    .await?;
    Ok(())
}

/// Customers that were kept, by id. Those that the reader does not cover go without a name.
pub async fn kept_list(
    connection: &mut PgConnection,
    import_id: Uuid,
    rows: &RowPredicate,
    after: Uuid,
    limit: i64,
) -> Result<Vec<ImportKept>> {
    let mut sql = QueryBuilder::<Postgres>::new(
        "SELECT e.customer_id, e.kept, c.number, c.name FROM import_effect e
         LEFT JOIN customer c ON c.id = e.customer_id AND ",
    );
    rows.push_sql(&mut sql, CUSTOMER_ROWS);
    sql.push(" WHERE e.import_id = ").push_bind(import_id).push(" AND e.kept > 0 AND e.customer_id > ");
    sql.push_bind(after).push(" ORDER BY e.customer_id LIMIT ").push_bind(limit);
    let rows = sql.build().fetch_all(connection).await?;
    let kept = |row: &PgRow| {
        Ok(ImportKept {
            customer_id: row.try_get::<Uuid, _>(0)?.to_string(),
            reason: row.try_get::<i16, _>(1)?.into(),
            customer_number: row.try_get::<Option<String>, _>(2)?.unwrap_or_default(),
            customer_name: row.try_get::<Option<String>, _>(3)?.unwrap_or_default(),
        })
    };
    Ok(rows.iter().map(kept).collect::<sqlx::Result<_>>()?)
}
