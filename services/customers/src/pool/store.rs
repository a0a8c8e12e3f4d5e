//! All SQL of what lies in the pools.

use chrono::{DateTime, Utc};
use contracts::customers::{OwnershipReason, PoolRule};
use platform::db::Pool;
use platform::error::{Error, Result};
use platform::filter::Value as Key;
use platform::update::etag;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, QueryBuilder, Row};
use uuid::Uuid;

use super::recycling::Recycling;
use super::rules::Reach;
use super::sources::Sources;
use crate::customer::list::Selection;
use crate::customer::row::COLUMNS;
use crate::ownership::Cause;

/// `pool_rule` is what callers that know one pool see of the pool that takes the rest.
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

/// The customers in pools that somebody may see.
pub struct Seen<'a> {
    pub sources: &'a Sources,
    pub reach: &'a Reach,
    /// Pools that they manage, reach or not.
    pub managed: &'a [Uuid],
    /// Only those of this pool.
    pub pool_id: Option<Uuid>,
}

pub async fn pool_list(
    pool: &Pool,
    seen: &Seen<'_>,
    selection: &Selection,
    after: Option<&[Key]>,
    limit: i64,
) -> Result<Vec<PgRow>> {
    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(COLUMNS).push(" FROM customer c WHERE c.owner_id IS NULL AND c.state = 1 AND ");
    selection.predicate.push_sql(&mut sql, &selection.context);
    sql.push(" AND (");
    seen.reach.push_sql(&mut sql, "c.group_id");
    if !seen.managed.is_empty() {
        sql.push(" OR ");
        seen.sources.push_is_in(&mut sql, seen.managed);
    }
    sql.push(")");
    if let Some(pool_id) = seen.pool_id {
        sql.push(" AND ");
        seen.sources.push_is_in(&mut sql, &[pool_id]);
    }
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

/// How many customers in use an employee owns, and how many were claimed from a pool since a time.
pub async fn claim_counts(
    connection: &mut PgConnection,
    employee_id: Uuid,
    pool_id: Uuid,
    since: DateTime<Utc>,
) -> Result<(i64, i64)> {
    let counts = sqlx::query_as(
        "SELECT (SELECT count(*) FROM customer WHERE owner_id = $1 AND state = 1),
                (SELECT count(*) FROM pool_claim
                 WHERE employee_id = $1 AND claim_time >= $2 AND (pool_id = $3 OR pool_id IS NULL))",
    );
    Ok(counts.bind(employee_id).bind(since).bind(pool_id).fetch_one(connection).await?)
}

/// Group and region of a customer within reach that nobody owns, held until the transaction ends.
pub async fn free_lock(
    connection: &mut PgConnection,
    id: Uuid,
    reach: &Reach,
) -> Result<Option<(Option<Uuid>, String)>> {
    let mut sql = QueryBuilder::new(
        "SELECT c.group_id, c.region FROM customer c WHERE c.owner_id IS NULL AND c.state = 1 AND c.id = ",
    );
    sql.push_bind(id).push(" AND ");
    reach.push_sql(&mut sql, "c.group_id");
    // Whoever comes second waits here, and then finds no row without an owner.
    sql.push(" FOR NO KEY UPDATE");
    Ok(sql.build_query_as().fetch_optional(connection).await?)
}

pub async fn claim_insert(
    connection: &mut PgConnection,
    id: Uuid,
    employee_id: Uuid,
    (pool_id, group_id): (Uuid, Option<Uuid>),
) -> Result<()> {
    sqlx::query("INSERT INTO pool_claim (id, employee_id, customer_id, group_id, pool_id) VALUES ($1, $2, $3, $4, $5)")
        .bind(Uuid::now_v7())
        .bind(employee_id)
        .bind(id)
        .bind(group_id)
        .bind(pool_id)
        .execute(connection)
        .await?;
    Ok(())
}

/// When an employee last ceased to own a customer.
pub async fn last_owned(
    connection: &mut PgConnection,
    customer_id: Uuid,
    employee_id: Uuid,
) -> Result<Option<DateTime<Utc>>> {
    let time = sqlx::query_scalar("SELECT max(end_time) FROM ownership WHERE customer_id = $1 AND owner_id = $2");
    Ok(time.bind(customer_id).bind(employee_id).fetch_one(connection).await?)
}

/// Whether the customer was taken from one of these groups' pools and has an owner now.
pub async fn was_claimed(connection: &mut PgConnection, id: Uuid, reach: &Reach) -> Result<bool> {
    let mut sql = QueryBuilder::new(
        "SELECT EXISTS (
             SELECT FROM customer c JOIN pool_claim p ON p.customer_id = c.id
             WHERE c.owner_id IS NOT NULL AND c.id = ",
    );
    sql.push_bind(id).push(" AND ");
    reach.push_sql(&mut sql, "p.group_id");
    sql.push(")");
    Ok(sql.build_query_scalar().fetch_one(connection).await?)
}

/// The next customers behind an id whose time has come, put into the pool; each with its owner before and the label of
/// the rule.
pub async fn recycle(
    connection: &mut PgConnection,
    (sources, recycling): (&Sources, &Recycling<'_>),
    after: Uuid,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<PgRow>> {
    let mut sql = QueryBuilder::new("WITH due AS (SELECT c.id, c.owner_id, ");
    recycling.push_label(&mut sql, now);
    sql.push(" AS label, ");
    sources.push_id(&mut sql);
    sql.push(" AS pool_id FROM customer c WHERE c.owner_id IS NOT NULL AND c.state = 1 AND c.id > ").push_bind(after);
    sql.push(" AND ");
    recycling.push_time(&mut sql);
    sql.push(" <= ").push_bind(now).push(" ORDER BY c.id LIMIT ").push_bind(limit);
    sql.push(" FOR NO KEY UPDATE OF c SKIP LOCKED) UPDATE customer c SET owner_id = NULL, owner_time = now(), owner_cause = ");
    sql.push_bind(Json(Cause::new(OwnershipReason::Recycled)));
    sql.push(" || jsonb_build_object('note', coalesce(due.label, ''), 'pool_id', due.pool_id), update_time = now(), ");
    sql.push("revision = c.revision + 1 FROM due WHERE c.id = due.id RETURNING ").push(COLUMNS);
    sql.push(", due.owner_id AS previous_owner_id, due.label");
    Ok(sql.build().fetch_all(connection).await?)
}
