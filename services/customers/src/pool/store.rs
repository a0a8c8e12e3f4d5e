//! All SQL of the pool.

use chrono::{DateTime, Utc};
use contracts::customers::PoolRule;
use platform::db::Pool;
use platform::error::{Error, Result};
use platform::filter::Value as Key;
use platform::update::etag;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, QueryBuilder, Row};
use uuid::Uuid;

use super::rules::Pools;
use crate::customer::list::Selection;
use crate::customer::row::COLUMNS;
use crate::customer::store::owner_set;

pub async fn rule_get(connection: &mut PgConnection) -> Result<PoolRule> {
    let row = sqlx::query("SELECT max_owned, max_claims_per_day, recycle_after_days, revision FROM pool_rule");
    Ok(rule(&row.fetch_one(connection).await?)?)
}

fn rule(row: &PgRow) -> sqlx::Result<PoolRule> {
    Ok(PoolRule {
        max_owned: row.try_get(0)?,
        max_claims_per_day: row.try_get(1)?,
        recycle_after_days: row.try_get(2)?,
        etag: etag(row.try_get(3)?),
    })
}

/// The rule as it is, held until the transaction ends.
pub async fn rule_lock(connection: &mut PgConnection) -> Result<PoolRule> {
    let row =
        sqlx::query("SELECT max_owned, max_claims_per_day, recycle_after_days, revision FROM pool_rule FOR UPDATE");
    Ok(rule(&row.fetch_one(connection).await?)?)
}

pub async fn rule_update(connection: &mut PgConnection, new: &PoolRule) -> Result<PoolRule> {
    let row = sqlx::query(
        "UPDATE pool_rule
         SET max_owned = $1, max_claims_per_day = $2, recycle_after_days = $3, revision = revision + 1
         RETURNING max_owned, max_claims_per_day, recycle_after_days, revision",
    )
    .bind(new.max_owned)
    .bind(new.max_claims_per_day)
    .bind(new.recycle_after_days)
    .fetch_one(connection)
    .await?;
    Ok(rule(&row)?)
}

pub async fn pool_list(
    pool: &Pool,
    pools: &Pools,
    selection: &Selection,
    after: Option<&[Key]>,
    limit: i64,
) -> Result<Vec<PgRow>> {
    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(COLUMNS).push(" FROM customer c WHERE c.owner_id IS NULL AND c.state = 1 AND ");
    selection.predicate.push_sql(&mut sql, &selection.context);
    sql.push(" AND ");
    pools.push_sql(&mut sql, "c.group_id");
    if let Some(after) = after {
        sql.push(" AND ");
        let refused = || Error::invalid("page_token", &platform::error::reason::PAGE_TOKEN_INVALID);
        selection.order.push_keyset_sql(&mut sql, after).map_err(|_| refused())?;
    }
    sql.push(" ORDER BY ");
    selection.order.push_order_sql(&mut sql);
    sql.push(" LIMIT ").push_bind(limit);
    Ok(sql.build().fetch_all(pool).await?)
}

/// Lets one claim of an employee run at a time, so that each counts those before it.
pub async fn claims_lock(connection: &mut PgConnection, employee_id: Uuid) -> Result<()> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('pool_claim', 0) # hashtextextended($1::text, 0))")
        .bind(employee_id)
        .execute(connection)
        .await?;
    Ok(())
}

/// How many customers in use an employee owns, and how many were claimed since a time.
pub async fn claim_counts(
    connection: &mut PgConnection,
    employee_id: Uuid,
    since: DateTime<Utc>,
) -> Result<(i64, i64)> {
    let counts = sqlx::query_as(
        "SELECT (SELECT count(*) FROM customer WHERE owner_id = $1 AND state = 1),
                (SELECT count(*) FROM pool_claim WHERE employee_id = $1 AND claim_time >= $2)",
    );
    Ok(counts.bind(employee_id).bind(since).fetch_one(connection).await?)
}

/// Makes the employee the owner if nobody else is yet: of two who try at once, one gets the row.
pub async fn claim(
    connection: &mut PgConnection,
    id: Uuid,
    pools: &Pools,
    (employee_id, group_id): (Uuid, Option<Uuid>),
) -> Result<Option<PgRow>> {
    let mut sql =
        QueryBuilder::new("SELECT c.group_id FROM customer c WHERE c.owner_id IS NULL AND c.state = 1 AND c.id = ");
    sql.push_bind(id).push(" AND ");
    pools.push_sql(&mut sql, "c.group_id");
    // Whoever comes second waits here, and then finds no row without an owner.
    sql.push(" FOR NO KEY UPDATE");
    let free: Option<Option<Uuid>> = sql.build_query_scalar().fetch_optional(&mut *connection).await?;
    let Some(pool_group_id) = free else { return Ok(None) };
    sqlx::query("INSERT INTO pool_claim (id, employee_id, customer_id, group_id) VALUES ($1, $2, $3, $4)")
        .bind(Uuid::now_v7())
        .bind(employee_id)
        .bind(id)
        .bind(pool_group_id)
        .execute(&mut *connection)
        .await?;
    let rows = owner_set(connection, &[id], Some((employee_id, group_id)), Some(employee_id)).await?;
    Ok(rows.into_iter().next())
}

/// Whether the customer was taken from one of these pools and has an owner now.
pub async fn was_claimed(connection: &mut PgConnection, id: Uuid, pools: &Pools) -> Result<bool> {
    let mut sql = QueryBuilder::new(
        "SELECT EXISTS (
             SELECT FROM customer c JOIN pool_claim p ON p.customer_id = c.id
             WHERE c.owner_id IS NOT NULL AND c.id = ",
    );
    sql.push_bind(id).push(" AND ");
    pools.push_sql(&mut sql, "p.group_id");
    sql.push(")");
    Ok(sql.build_query_scalar().fetch_one(connection).await?)
}

/// The next customers whose owners let them lie since a time, put into the pool with what they were before.
pub async fn recycle(connection: &mut PgConnection, since: DateTime<Utc>, limit: i64) -> Result<Vec<PgRow>> {
    let sql = format!(
        "WITH idle AS (
             SELECT id, owner_id FROM customer
             WHERE owner_id IS NOT NULL AND state = 1 AND owner_time < $1
               AND (last_contact_time IS NULL OR last_contact_time < $1)
             ORDER BY id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
         )
         UPDATE customer c SET owner_id = NULL, owner_time = now(), update_time = now(), revision = c.revision + 1
         FROM idle WHERE c.id = idle.id
         RETURNING {COLUMNS}, idle.owner_id AS previous_owner_id"
    );
    Ok(sqlx::query(AssertSqlSafe(sql)).bind(since).bind(limit).fetch_all(connection).await?)
}
