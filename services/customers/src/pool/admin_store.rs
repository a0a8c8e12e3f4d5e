//! All SQL of the pools themselves.

use contracts::customers::{Pool, RecyclingRule};
use platform::access::Policy;
use platform::db::{author, timestamp};
use platform::error::{Error, Result, on_constraint};
use platform::update::etag;
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use uuid::Uuid;

use super::sources::{Sources, ids};
use crate::error::reason;

const COLUMNS: &str =
    "id, name_zh, name_en, takes_rest, group_ids, regions, manager_ids, max_owned, max_claims_per_day,
    protection_days, cool_down_days, recycling_rules, create_time, update_time, revision,
    create_user_id, update_user_id";

/// A rule as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredRule {
    label: String,
    after_days: i32,
    filter: String,
}

fn pool(row: &PgRow) -> sqlx::Result<Pool> {
    let texts = |index| Ok::<_, sqlx::Error>(row.try_get::<Vec<Uuid>, _>(index)?.iter().map(Uuid::to_string).collect());
    let Json(rules) = row.try_get::<Json<Vec<StoredRule>>, _>(11)?;
    let rules =
        rules.into_iter().map(|StoredRule { label, after_days, filter }| RecyclingRule { label, after_days, filter });
    Ok(Pool {
        id: row.try_get::<Uuid, _>(0)?.to_string(),
        name_zh: row.try_get(1)?,
        name_en: row.try_get(2)?,
        takes_rest: row.try_get(3)?,
        group_ids: texts(4)?,
        regions: row.try_get(5)?,
        manager_ids: texts(6)?,
        max_owned: row.try_get(7)?,
        max_claims_per_day: row.try_get(8)?,
        protection_days: row.try_get(9)?,
        cool_down_days: row.try_get(10)?,
        recycling_rules: rules.collect(),
        create_time: Some(timestamp(row.try_get(12)?)),
        update_time: Some(timestamp(row.try_get(13)?)),
        etag: etag(row.try_get(14)?),
        create_user_id: author(row, 15)?,
        update_user_id: author(row, 16)?,
    })
}

/// All of them, in the order of lists.
pub async fn pool_all(connection: &mut PgConnection) -> Result<Vec<Pool>> {
    let sql = format!("SELECT {COLUMNS} FROM pool ORDER BY name_zh COLLATE \"C\", id");
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(connection).await?;
    Ok(rows.iter().map(pool).collect::<sqlx::Result<_>>()?)
}

/// What says which pool a customer lies in, as the pools are now.
pub async fn pools_load(connection: &mut PgConnection, policy: &Policy) -> Result<Sources> {
    Ok(Sources::new(pool_all(connection).await?, policy))
}

/// Keeps changes of pools apart until the transaction ends: what one may take depends on what the others do.
pub async fn pools_lock(connection: &mut PgConnection) -> Result<()> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext('customers.pools'))").execute(&mut *connection).await?;
    sqlx::query("SELECT FROM pool ORDER BY id FOR UPDATE").execute(connection).await?;
    Ok(())
}

pub async fn pool_insert(connection: &mut PgConnection, id: Uuid, new: &Pool) -> Result<Pool> {
    let sql = format!(
        "INSERT INTO pool (id, name_zh, name_en, group_ids, regions, manager_ids, max_owned, max_claims_per_day,
                           protection_days, cool_down_days, recycling_rules)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         RETURNING {COLUMNS}"
    );
    save(connection, sql, id, new).await
}

/// Writes the pool as it was changed.
pub async fn pool_update(connection: &mut PgConnection, id: Uuid, new: &Pool) -> Result<Pool> {
    let sql = format!(
        "UPDATE pool
         SET name_zh = $2, name_en = $3, group_ids = $4, regions = $5, manager_ids = $6, max_owned = $7,
             max_claims_per_day = $8, protection_days = $9, cool_down_days = $10, recycling_rules = $11,
             update_time = now(), revision = revision + 1
         WHERE id = $1
         RETURNING {COLUMNS}"
    );
    save(connection, sql, id, new).await
}

async fn save(connection: &mut PgConnection, sql: String, id: Uuid, new: &Pool) -> Result<Pool> {
    let rules = new.recycling_rules.iter().cloned();
    let rules = rules.map(|RecyclingRule { label, after_days, filter }| StoredRule { label, after_days, filter });
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(id)
        .bind(&new.name_zh)
        .bind(&new.name_en)
        .bind(ids(&new.group_ids))
        .bind(&new.regions)
        .bind(ids(&new.manager_ids))
        .bind(new.max_owned)
        .bind(new.max_claims_per_day)
        .bind(new.protection_days)
        .bind(new.cool_down_days)
        .bind(Json(rules.collect::<Vec<_>>()))
        .fetch_one(connection)
        .await
        .map_err(|error| on_constraint(error, &[("pool_name_zh", name_taken)]))?;
    Ok(pool(&row)?)
}

fn name_taken() -> Error {
    Error::already_exists("pool.name_zh", &reason::POOL_NAME_TAKEN)
}

pub async fn pool_delete(connection: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query("DELETE FROM pool WHERE id = $1").bind(id).execute(connection).await?;
    Ok(())
}
