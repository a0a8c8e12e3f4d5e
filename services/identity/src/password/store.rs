//! All SQL of passwords of the past.

use platform::error::Result;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

/// Hashes of the last passwords before the present one.
pub async fn past_hashes(executor: impl PgExecutor<'_>, employee_id: Uuid, count: i64) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar(
        "SELECT password_hash FROM password_history WHERE employee_id = $1 ORDER BY id DESC LIMIT $2",
    )
    .bind(employee_id)
    .bind(count)
    .fetch_all(executor)
    .await?)
}

/// One hash of each make among those that people sign in with.
pub async fn hashes_by_make(executor: impl PgExecutor<'_>) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar(
        "SELECT min(password_hash) FROM employee WHERE kind = 1
         GROUP BY split_part(password_hash, '$', 2), split_part(password_hash, '$', 3),
                  split_part(password_hash, '$', 4)",
    )
    .fetch_all(executor)
    .await?)
}

/// Copies the present hash, and drops what is older than the last `kept`.
pub async fn remember(connection: &mut PgConnection, employee_id: Uuid, kept: i64) -> Result<()> {
    sqlx::query(
        "INSERT INTO password_history (id, employee_id, password_hash)
         SELECT $2, id, password_hash FROM employee WHERE id = $1",
    )
    .bind(employee_id)
    .bind(Uuid::now_v7())
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "DELETE FROM password_history WHERE id IN (
             SELECT id FROM password_history WHERE employee_id = $1 ORDER BY id DESC OFFSET $2)",
    )
    .bind(employee_id)
    .bind(kept)
    .execute(connection)
    .await?;
    Ok(())
}
