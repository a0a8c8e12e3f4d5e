//! All SQL of pictures.

use platform::error::{Error, Result};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::picture::Picture;

/// True when it differs from the one that was there.
pub async fn avatar_set(
    connection: &mut PgConnection,
    employee_id: Uuid,
    picture: &Picture,
    digest: &[u8],
) -> Result<bool> {
    let changed = sqlx::query(
        "INSERT INTO employee_avatar AS a (employee_id, content_type, content, digest) VALUES ($1, $2, $3, $4)
         ON CONFLICT (employee_id) DO UPDATE
             SET content_type = excluded.content_type, content = excluded.content, digest = excluded.digest,
                 update_time = now()
             WHERE a.digest <> excluded.digest",
    )
    .bind(employee_id)
    .bind(picture.content_type)
    .bind(&picture.content)
    .bind(digest)
    .execute(connection)
    .await?;
    Ok(changed.rows_affected() == 1)
}

pub async fn avatar_delete(connection: &mut PgConnection, employee_id: Uuid) -> Result<bool> {
    let deleted = sqlx::query("DELETE FROM employee_avatar WHERE employee_id = $1").bind(employee_id);
    Ok(deleted.execute(connection).await?.rows_affected() == 1)
}

/// Type, content and digest.
pub async fn avatar_get(executor: impl PgExecutor<'_>, employee_id: Uuid) -> Result<(String, Vec<u8>, Vec<u8>)> {
    let row = sqlx::query_as("SELECT content_type, content, digest FROM employee_avatar WHERE employee_id = $1")
        .bind(employee_id)
        .fetch_optional(executor)
        .await?;
    row.ok_or_else(Error::not_found)
}
