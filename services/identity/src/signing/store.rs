//! Signing keys in the database.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::identity as proto;
use platform::error::{Error, Result};
use sqlx::{PgConnection, PgExecutor};

use super::{SigningKey, public_key};
use crate::seal::Seal;

/// Where keys belong.
const PLACE: &[u8] = b"signing key";

/// Seals keys that lie open, as earlier versions kept them. Whether there were any.
pub async fn seal_all(connection: &mut PgConnection, seal: &Seal) -> Result<bool> {
    let rows: Vec<(String, Vec<u8>)> =
        sqlx::query_as("SELECT kid, private_key FROM signing_key").fetch_all(&mut *connection).await?;
    let mut sealed = false;
    for (kid, stored) in rows {
        if SigningKey::from_der(&stored).is_ok() {
            sealed = true;
            sqlx::query("UPDATE signing_key SET private_key = $2 WHERE kid = $1")
                .bind(kid)
                .bind(seal.close(PLACE, &stored)?)
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(sealed)
}

pub async fn insert(
    connection: &mut PgConnection,
    seal: &Seal,
    key: &SigningKey,
    signs_from: DateTime<Utc>,
    policy_revision: i64,
) -> Result<()> {
    sqlx::query("INSERT INTO signing_key (kid, private_key, sign_time, policy_revision) VALUES ($1, $2, $3, $4)")
        .bind(&key.kid)
        .bind(seal.close(PLACE, &key.der)?)
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

/// All keys in force, by the time from which each signs, newest first. One that was sealed under another secret is none.
pub async fn list(executor: impl PgExecutor<'_>, seal: &Seal) -> Result<Vec<(DateTime<Utc>, Arc<SigningKey>)>> {
    let rows: Vec<(DateTime<Utc>, Vec<u8>)> = sqlx::query_as(
        "SELECT sign_time, private_key FROM signing_key
         WHERE retire_time IS NULL OR retire_time > now()
         ORDER BY sign_time DESC",
    )
    .fetch_all(executor)
    .await?;
    let opened = rows.into_iter().filter_map(|(signs_from, sealed)| Some((signs_from, seal.open(PLACE, &sealed)?)));
    opened
        .map(|(signs_from, der)| Ok((signs_from, Arc::new(SigningKey::from_der(&der).map_err(Error::internal)?))))
        .collect()
}

pub async fn all_public(connection: &mut PgConnection, seal: &Seal) -> Result<Vec<proto::Key>> {
    Ok(list(connection, seal).await?.iter().map(|(_, key)| public_key(&key.kid, &key.x)).collect())
}

pub async fn changed_since(connection: &mut PgConnection, policy_revision: i64) -> Result<bool> {
    Ok(sqlx::query_scalar("SELECT EXISTS (SELECT FROM signing_key WHERE policy_revision > $1)")
        .bind(policy_revision)
        .fetch_one(connection)
        .await?)
}
