//! All SQL of bulk changes themselves; `items` has that of the customers.

use chrono::{DateTime, Utc};
use contracts::customers::BulkChangeState;
use platform::error::{Error, Result, on_constraint};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use uuid::Uuid;

use super::values::Values;
use crate::error::reason;

const COLUMNS: &str =
    "b.id, b.create_user_id, b.new_values, b.customer_ids, b.filter, b.state, b.failure, b.expected_count,
    b.after_id, b.changed_count, b.unchanged_count, b.refused_count, b.restored_count, b.kept_count, b.job_id,
    b.create_time, b.end_time, (SELECT j.state FROM job j WHERE j.id = b.job_id)";

#[derive(Debug, Clone)]
pub struct Stored {
    pub id: Uuid,
    pub create_user_id: Uuid,
    pub new_values: Values,
    /// Those that were named, in the order of ids.
    pub customer_ids: Vec<Uuid>,
    pub filter: String,
    pub state: BulkChangeState,
    /// Id of the reason.
    pub failure: String,
    pub expected_count: i64,
    pub after_id: Uuid,
    pub changed_count: i64,
    pub unchanged_count: i64,
    pub refused_count: i64,
    pub restored_count: i64,
    pub kept_count: i64,
    pub job_id: Uuid,
    pub create_time: DateTime<Utc>,
    pub end_time: Option<DateTime<Utc>>,
}

fn stored(row: &PgRow) -> sqlx::Result<Stored> {
    let Json(new_values) = row.try_get(2)?;
    let mut state = BulkChangeState::try_from(i32::from(row.try_get::<i16, _>(5)?)).unwrap_or_default();
    let mut failure: String = row.try_get(6)?;
    let under_way = matches!(row.try_get::<Option<&str>, _>(17)?, Some("pending" | "leased"));
    // A job that is over without having said so has broken off.
    if matches!(state, BulkChangeState::Running | BulkChangeState::Undoing) && !under_way {
        (state, failure) = (BulkChangeState::Failed, reason::BULK_BROKE_OFF.id.to_owned());
    }
    Ok(Stored {
        id: row.try_get(0)?,
        create_user_id: row.try_get(1)?,
        new_values,
        customer_ids: row.try_get(3)?,
        filter: row.try_get(4)?,
        state,
        failure,
        expected_count: row.try_get(7)?,
        after_id: row.try_get(8)?,
        changed_count: row.try_get(9)?,
        unchanged_count: row.try_get(10)?,
        refused_count: row.try_get(11)?,
        restored_count: row.try_get(12)?,
        kept_count: row.try_get(13)?,
        job_id: row.try_get(14)?,
        create_time: row.try_get(15)?,
        end_time: row.try_get(16)?,
    })
}

pub async fn bulk_change_insert(connection: &mut PgConnection, new: &Stored) -> Result<Stored> {
    dead_end(connection, new.create_user_id).await?;
    sqlx::query(
        "INSERT INTO bulk_change (id, create_user_id, new_values, customer_ids, filter, state, expected_count, job_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(new.id)
    .bind(new.create_user_id)
    .bind(Json(&new.new_values))
    .bind(&new.customer_ids)
    .bind(&new.filter)
    .bind(new.state as i16)
    .bind(new.expected_count)
    .bind(new.job_id)
    .execute(&mut *connection)
    .await
    .map_err(|error| on_constraint(error, &[("bulk_change_running", running)]))?;
    bulk_change_get(connection, new.create_user_id, new.id).await
}

/// One that broke off without saying so does not stand in the way of another.
async fn dead_end(connection: &mut PgConnection, create_user_id: Uuid) -> Result<()> {
    sqlx::query(
        "UPDATE bulk_change b SET state = 5, failure = $2, end_time = now()
         WHERE b.create_user_id = $1 AND b.state IN (1, 3)
           AND NOT EXISTS (SELECT FROM job j WHERE j.id = b.job_id AND j.state IN ('pending', 'leased'))",
    )
    .bind(create_user_id)
    .bind(reason::BULK_BROKE_OFF.id)
    .execute(connection)
    .await?;
    Ok(())
}

fn running() -> Error {
    Error::failed_precondition(&reason::BULK_RUNNING)
}

/// One of this author's.
pub async fn bulk_change_get(connection: &mut PgConnection, create_user_id: Uuid, id: Uuid) -> Result<Stored> {
    let sql = format!("SELECT {COLUMNS} FROM bulk_change b WHERE b.id = $1 AND b.create_user_id = $2");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(create_user_id).fetch_optional(connection).await?;
    Ok(stored(&row.ok_or_else(Error::not_found)?)?)
}

/// The same, held until the transaction ends.
pub async fn bulk_change_lock(connection: &mut PgConnection, create_user_id: Uuid, id: Uuid) -> Result<Stored> {
    let sql =
        format!("SELECT {COLUMNS} FROM bulk_change b WHERE b.id = $1 AND b.create_user_id = $2 FOR NO KEY UPDATE OF b");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(create_user_id).fetch_optional(connection).await?;
    Ok(stored(&row.ok_or_else(Error::not_found)?)?)
}

/// The bulk change that a job works on, held until the transaction ends; nothing when it is no longer this job's.
pub async fn bulk_change_of_job(connection: &mut PgConnection, id: Uuid, job_id: Uuid) -> Result<Option<Stored>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM bulk_change b WHERE b.id = $1 AND b.job_id = $2 AND b.state IN (1, 3)
         FOR NO KEY UPDATE OF b"
    );
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(job_id).fetch_optional(connection).await?;
    Ok(row.as_ref().map(stored).transpose()?)
}

pub async fn bulk_change_list(
    connection: &mut PgConnection,
    create_user_id: Uuid,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Stored>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM bulk_change b
         WHERE b.create_user_id = $1 AND ($2::uuid IS NULL OR b.id < $2) ORDER BY b.id DESC LIMIT $3"
    );
    let found =
        sqlx::query(AssertSqlSafe(sql)).bind(create_user_id).bind(after).bind(limit).fetch_all(connection).await?;
    Ok(found.iter().map(stored).collect::<sqlx::Result<_>>()?)
}

/// Begins the way back; whatever worked on it until now finds that it is no longer its own.
pub async fn undo_begin(connection: &mut PgConnection, bulk: &Stored, job_id: Uuid) -> Result<()> {
    dead_end(connection, bulk.create_user_id).await?;
    sqlx::query("UPDATE bulk_change SET state = 3, failure = '', job_id = $2, end_time = NULL WHERE id = $1")
        .bind(bulk.id)
        .bind(job_id)
        .execute(connection)
        .await
        .map_err(|error| on_constraint(error, &[("bulk_change_running", running)]))?;
    Ok(())
}

/// How far it has come.
pub async fn bulk_change_advance(connection: &mut PgConnection, bulk: &Stored) -> Result<()> {
    sqlx::query(
        "UPDATE bulk_change
         SET after_id = $2, changed_count = $3, unchanged_count = $4, refused_count = $5, restored_count = $6,
             kept_count = $7
         WHERE id = $1",
    )
    .bind(bulk.id)
    .bind(bulk.after_id)
    .bind(bulk.changed_count)
    .bind(bulk.unchanged_count)
    .bind(bulk.refused_count)
    .bind(bulk.restored_count)
    .bind(bulk.kept_count)
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends a run, unless it is no longer this job's.
pub async fn bulk_change_end(
    connection: &mut PgConnection,
    id: Uuid,
    job_id: Uuid,
    state: BulkChangeState,
    failure: &str,
) -> Result<()> {
    sqlx::query(
        "UPDATE bulk_change SET state = $3, failure = $4, end_time = now()
         WHERE id = $1 AND job_id = $2 AND state IN (1, 3)",
    )
    .bind(id)
    .bind(job_id)
    .bind(state as i16)
    .bind(failure)
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes some of what is older; whether there may be more.
pub async fn bulk_change_prune(connection: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> Result<bool> {
    let items = sqlx::query(
        "DELETE FROM bulk_change_item WHERE (bulk_change_id, customer_id) IN
             (SELECT i.bulk_change_id, i.customer_id FROM bulk_change b JOIN bulk_change_item i ON i.bulk_change_id = b.id
              WHERE b.create_time < $1 AND b.state NOT IN (1, 3) LIMIT $2)",
    );
    if items.bind(before).bind(limit).execute(&mut *connection).await?.rows_affected() > 0 {
        return Ok(true);
    }
    let changes = sqlx::query("DELETE FROM bulk_change WHERE create_time < $1 AND state NOT IN (1, 3)");
    changes.bind(before).execute(connection).await?;
    Ok(false)
}
