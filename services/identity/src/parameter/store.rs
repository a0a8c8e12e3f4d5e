//! All SQL of parameters.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use contracts::identity::{PolicyParameter, PolicyParameters};
use platform::error::Result;
use sqlx::{FromRow, PgConnection, PgExecutor};
use uuid::Uuid;

/// A parameter that somebody has set, or reset.
#[derive(Debug, Clone, FromRow)]
pub struct Stored {
    pub name: String,
    pub value: Option<String>,
    pub revision: i64,
    pub update_user_id: Option<Uuid>,
    pub update_time: DateTime<Utc>,
}

pub async fn parameters_all(executor: impl PgExecutor<'_>) -> Result<HashMap<String, Stored>> {
    let rows: Vec<Stored> = sqlx::query_as("SELECT name, value, revision, update_user_id, update_time FROM parameter")
        .fetch_all(executor)
        .await?;
    Ok(rows.into_iter().map(|row| (row.name.clone(), row)).collect())
}

pub async fn parameter_set(
    connection: &mut PgConnection,
    name: &str,
    value: Option<&str>,
    user_id: Option<Uuid>,
    policy_revision: i64,
) -> Result<Stored> {
    Ok(sqlx::query_as(
        "INSERT INTO parameter (name, value, update_user_id, policy_revision) VALUES ($1, $2, $3, $4)
         ON CONFLICT (name) DO UPDATE SET
             value = $2, update_user_id = $3, policy_revision = $4, update_time = now(),
             revision = parameter.revision + 1
         RETURNING name, value, revision, update_user_id, update_time",
    )
    .bind(name)
    .bind(value)
    .bind(user_id)
    .bind(policy_revision)
    .fetch_one(connection)
    .await?)
}

/// All that are set, when one of them was changed after a revision of the policy.
pub async fn parameters_changed_since(
    connection: &mut PgConnection,
    revision: Option<i64>,
) -> Result<Option<PolicyParameters>> {
    let changed: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM parameter WHERE policy_revision > $1)")
        .bind(revision.unwrap_or(-1))
        .fetch_one(&mut *connection)
        .await?;
    if revision.is_some() && !changed {
        return Ok(None);
    }
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT name, value FROM parameter WHERE value IS NOT NULL").fetch_all(connection).await?;
    let parameters = rows.into_iter().map(|(name, value)| PolicyParameter { name, value }).collect();
    Ok(Some(PolicyParameters { parameters }))
}
