//! All SQL of links.

use chrono::{DateTime, Utc};
use platform::error::Result;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::Purpose;
use crate::one_time_token::OneTimeToken;

/// Whom a link is for.
#[derive(sqlx::FromRow)]
pub struct Recipient {
    pub login_name: String,
    pub display_name: String,
    pub email: String,
    pub locale: String,
    /// May sign in, and is a person.
    pub active: bool,
    /// Has yet to choose a password.
    pub password_change_required: bool,
}

pub async fn recipient(executor: impl PgExecutor<'_>, employee_id: Uuid) -> Result<Option<Recipient>> {
    Ok(sqlx::query_as(
        "SELECT login_name, display_name, email, locale, state = 1 AND kind = 1 AS active, password_change_required
         FROM employee WHERE id = $1",
    )
    .bind(employee_id)
    .fetch_optional(executor)
    .await?)
}

/// How many links of the purpose were made in the last hour, this one aside.
pub async fn recent_links(executor: impl PgExecutor<'_>, employee_id: Uuid, purpose: Purpose, id: Uuid) -> Result<i64> {
    Ok(sqlx::query_scalar(
        "SELECT count(*) FROM password_link
         WHERE employee_id = $1 AND purpose = $2 AND id <> $3 AND create_time > now() - interval '1 hour'",
    )
    .bind(employee_id)
    .bind(purpose as i16)
    .bind(id)
    .fetch_one(executor)
    .await?)
}

/// Keeps a link, or makes one that is to be sent again last longer. Whether it is new; nothing when it was used already.
pub async fn link_keep(
    connection: &mut PgConnection,
    employee_id: Uuid,
    purpose: Purpose,
    token: &OneTimeToken,
    expire_time: DateTime<Utc>,
) -> Result<Option<bool>> {
    let kept = sqlx::query_scalar(
        "INSERT INTO password_link AS l (id, employee_id, purpose, token_digest, expire_time)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (id) DO UPDATE SET token_digest = $4, expire_time = $5 WHERE l.use_time IS NULL
         RETURNING xmax = 0",
    )
    .bind(token.id)
    .bind(employee_id)
    .bind(purpose as i16)
    .bind(&token.digest()[..])
    .bind(expire_time)
    .fetch_optional(connection)
    .await?;
    Ok(kept)
}

/// Whose link this is, while it is good.
pub async fn link_find(executor: impl PgExecutor<'_>, token: &OneTimeToken) -> Result<Option<Uuid>> {
    Ok(sqlx::query_scalar(
        "SELECT employee_id FROM password_link
         WHERE id = $1 AND token_digest = $2 AND use_time IS NULL AND expire_time > now()",
    )
    .bind(token.id)
    .bind(&token.digest()[..])
    .fetch_optional(executor)
    .await?)
}

/// Uses a link. Its purpose; nothing when another call did so first, or it is no longer good.
pub async fn link_use(connection: &mut PgConnection, token: &OneTimeToken) -> Result<Option<i16>> {
    let used = sqlx::query_scalar(
        "UPDATE password_link SET use_time = now()
         WHERE id = $1 AND token_digest = $2 AND use_time IS NULL AND expire_time > now()
         RETURNING purpose",
    )
    .bind(token.id)
    .bind(&token.digest()[..])
    .fetch_optional(connection)
    .await?;
    Ok(used)
}

/// Takes all links of the employee out of force, as when the password or the address has changed.
pub async fn links_void(connection: &mut PgConnection, employee_id: Uuid) -> Result<()> {
    sqlx::query("UPDATE password_link SET use_time = now() WHERE employee_id = $1 AND use_time IS NULL")
        .bind(employee_id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes the earlier links of one purpose out of force.
pub async fn links_replace(connection: &mut PgConnection, employee_id: Uuid, purpose: Purpose, by: Uuid) -> Result<()> {
    sqlx::query(
        "UPDATE password_link SET use_time = now()
         WHERE employee_id = $1 AND purpose = $2 AND id <> $3 AND use_time IS NULL",
    )
    .bind(employee_id)
    .bind(purpose as i16)
    .bind(by)
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes links that have been over for a day, by when no job sends them again.
pub async fn links_prune(executor: impl PgExecutor<'_>) -> Result<u64> {
    let pruned =
        sqlx::query("DELETE FROM password_link WHERE expire_time < now() - interval '1 day'").execute(executor).await?;
    Ok(pruned.rows_affected())
}
