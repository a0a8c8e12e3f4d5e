//! Signing keys in the database.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::identity as proto;
use platform::error::{Error, Result};
use sqlx::{PgConnection, PgExecutor};

use super::{SigningKey, public_key};

pub async fn count(connection: &mut PgConnection) -> Result<i64> {
    Ok(sqlx::query_scalar("SELECT count(*) FROM signing_key").fetch_one(connection).await?)
}

pub async fn insert(
    connection: &mut PgConnection,
    key: &SigningKey,
    signs_from: DateTime<Utc>,
    policy_revision: i64,
) -> Result<()> {
    sqlx::query("INSERT INTO signing_key (kid, private_key, sign_time, policy_revision) VALUES ($1, $2, $3, $4)")
        .bind(&key.kid)
        .bind(&key.der)
        .bind(signs_from)
        .bind(policy_revision)
        .execute(connection)
        .await?;
    Ok(())
}

pub async fn retire_all(connection: &mut PgConnection, retire_time: DateTime<Utc>) -> Result<()> {
    sqlx::query("UPDATE signing_key SET retire_time = $1 WHERE retire_time IS NULL")
        .bind(retire_time)
        .execute(connection)
        .await?;
    Ok(())
}

/// All keys in force, by the time from which each signs, newest first.
pub async fn list(executor: impl PgExecutor<'_>) -> Result<Vec<(DateTime<Utc>, Arc<SigningKey>)>> {
    let rows: Vec<(DateTime<Utc>, Vec<u8>)> = sqlx::query_as(
        "SELECT sign_time, private_key FROM signing_key
         WHERE retire_time IS NULL OR retire_time > now()
         ORDER BY sign_time DESC",
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter()
        .map(|(signs_from, der)| Ok((signs_from, Arc::new(SigningKey::from_der(&der).map_err(Error::internal)?))))
        .collect()
}

pub async fn all_public(connection: &mut PgConnection) -> Result<Vec<proto::Key>> {
    Ok(list(connection).await?.iter().map(|(_, key)| public_key(&key.kid, &key.x)).collect())
}

pub async fn changed_since(connection: &mut PgConnection, policy_revision: i64) -> Result<bool> {
    Ok(sqlx::query_scalar("SELECT EXISTS (SELECT FROM signing_key WHERE policy_revision > $1)")
        .bind(policy_revision)
        .fetch_one(connection)
        .await?)
}
