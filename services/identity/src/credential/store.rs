//! All SQL of second factors.

use chrono::{DateTime, Utc};
use contracts::identity::{Credential, SecondFactor};
use platform::db::timestamp;
use platform::error::{Error, Result, on_constraint};
use platform::update;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor, QueryBuilder, Row as _};
use uuid::Uuid;
use webauthn_rs::prelude::Passkey;

use super::recovery;
use crate::error;

const SELECT: &str = "SELECT id, kind, name, create_time, last_use_time, revision FROM credential WHERE employee_id = ";

fn credential(row: &PgRow) -> sqlx::Result<(Credential, DateTime<Utc>, Uuid)> {
    let id: Uuid = row.try_get(0)?;
    let create_time: DateTime<Utc> = row.try_get(3)?;
    let credential = Credential {
        id: id.to_string(),
        kind: i32::from(row.try_get::<i16, _>(1)?),
        name: row.try_get(2)?,
        create_time: Some(timestamp(create_time)),
        last_use_time: row.try_get::<Option<DateTime<Utc>>, _>(4)?.map(timestamp),
        etag: update::etag(row.try_get(5)?),
    };
    Ok((credential, create_time, id))
}

/// Oldest first, behind a place in that order.
pub async fn credential_list(
    executor: impl PgExecutor<'_>,
    employee_id: Uuid,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<(Credential, DateTime<Utc>, Uuid)>> {
    let mut query = QueryBuilder::new(SELECT);
    query.push_bind(employee_id);
    if let Some((create_time, id)) = after {
        query.push(" AND (create_time, id) > (").push_bind(create_time).push(", ").push_bind(id).push(")");
    }
    query.push(" ORDER BY create_time, id LIMIT ").push_bind(limit);
    let rows = query.build().fetch_all(executor).await?;
    Ok(rows.iter().map(credential).collect::<sqlx::Result<_>>()?)
}

pub async fn credential_get(executor: impl PgExecutor<'_>, employee_id: Uuid, id: Uuid) -> Result<Credential> {
    let mut query = QueryBuilder::new(SELECT);
    query.push_bind(employee_id).push(" AND id = ").push_bind(id);
    let row = query.build().fetch_optional(executor).await?.ok_or_else(Error::not_found)?;
    Ok(credential(&row)?.0)
}

/// How many apps and passkeys the employee has.
pub async fn credential_count(executor: impl PgExecutor<'_>, employee_id: Uuid) -> Result<i64> {
    Ok(sqlx::query_scalar("SELECT count(*) FROM credential WHERE employee_id = $1")
        .bind(employee_id)
        .fetch_one(executor)
        .await?)
}

/// The kinds that the employee can offer now.
pub async fn kinds(executor: impl PgExecutor<'_>, employee_id: Uuid) -> Result<Vec<SecondFactor>> {
    let (totp, passkey, recovery): (bool, bool, bool) = sqlx::query_as(
        "SELECT EXISTS (SELECT FROM credential WHERE employee_id = $1 AND kind = 1),
                EXISTS (SELECT FROM credential WHERE employee_id = $1 AND kind = 2),
                EXISTS (SELECT FROM recovery_code WHERE employee_id = $1 AND use_time IS NULL)",
    )
    .bind(employee_id)
    .fetch_one(executor)
    .await?;
    let kinds = [(passkey, SecondFactor::Passkey), (totp, SecondFactor::Totp), (recovery, SecondFactor::RecoveryCode)];
    Ok(kinds.into_iter().filter_map(|(has, kind)| has.then_some(kind)).collect())
}

/// A factor to be.
pub enum NewFactor {
    /// The sealed key, and the step of time whose code has proven it.
    Totp(Vec<u8>, i64),
    Passkey(Box<Passkey>),
}

pub async fn credential_insert(
    connection: &mut PgConnection,
    id: Uuid,
    employee_id: Uuid,
    name: &str,
    factor: &NewFactor,
) -> Result<()> {
    let (kind, secret, step, passkey) = match factor {
        NewFactor::Totp(secret, step) => (SecondFactor::Totp, Some(secret), *step, None),
        NewFactor::Passkey(passkey) => (SecondFactor::Passkey, None, 0, Some(passkey)),
    };
    sqlx::query(
        "INSERT INTO credential (id, employee_id, kind, name, totp_secret, totp_step, passkey_id, passkey)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(id)
    .bind(employee_id)
    .bind(kind as i16)
    .bind(name)
    .bind(secret)
    .bind(step)
    .bind(passkey.map(|passkey| passkey.cred_id().as_slice()))
    .bind(passkey.map(Json))
    .execute(connection)
    .await
    .map_err(|error| {
        let taken = || Error::already_exists("credential_json", &error::PASSKEY_KNOWN);
        on_constraint(error, &[("credential_passkey", taken)])
    })?;
    Ok(())
}

/// Renames. False when the revision is another by now.
pub async fn credential_rename(connection: &mut PgConnection, id: Uuid, name: &str, revision: i64) -> Result<bool> {
    let renamed =
        sqlx::query("UPDATE credential SET name = $2, revision = revision + 1 WHERE id = $1 AND revision = $3")
            .bind(id)
            .bind(name)
            .bind(revision)
            .execute(connection)
            .await?;
    Ok(renamed.rows_affected() == 1)
}

pub async fn credential_delete(connection: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query("DELETE FROM credential WHERE id = $1").bind(id).execute(connection).await?;
    Ok(())
}

/// Removes all factors of an employee; answers how many apps and passkeys there were.
pub async fn factors_delete(connection: &mut PgConnection, employee_id: Uuid) -> Result<u64> {
    sqlx::query("DELETE FROM recovery_code WHERE employee_id = $1").bind(employee_id).execute(&mut *connection).await?;
    let deleted =
        sqlx::query("DELETE FROM credential WHERE employee_id = $1").bind(employee_id).execute(connection).await?;
    Ok(deleted.rows_affected())
}

/// Notes for all services whether the employee has a factor; without one, recovery codes are of no use.
pub async fn second_factor_note(connection: &mut PgConnection, employee_id: Uuid, policy_revision: i64) -> Result<()> {
    let set: bool = sqlx::query_scalar(
        "UPDATE employee SET policy_revision = $2,
                second_factor_set = EXISTS (SELECT FROM credential WHERE employee_id = $1)
         WHERE id = $1 RETURNING second_factor_set",
    )
    .bind(employee_id)
    .bind(policy_revision)
    .fetch_one(&mut *connection)
    .await?;
    if !set {
        sqlx::query("DELETE FROM recovery_code WHERE employee_id = $1").bind(employee_id).execute(connection).await?;
    }
    Ok(())
}

/// Sealed keys of apps, each with the last step of time whose code was used.
pub async fn totp_secrets(executor: impl PgExecutor<'_>, employee_id: Uuid) -> Result<Vec<(Uuid, Vec<u8>, i64)>> {
    Ok(sqlx::query_as(
        "SELECT id, totp_secret, totp_step FROM credential WHERE employee_id = $1 AND totp_secret IS NOT NULL",
    )
    .bind(employee_id)
    .fetch_all(executor)
    .await?)
}

/// False when the code of this step, or of a later one, was used.
pub async fn totp_spend(connection: &mut PgConnection, id: Uuid, step: i64) -> Result<bool> {
    let spent =
        sqlx::query("UPDATE credential SET totp_step = $2, last_use_time = now() WHERE id = $1 AND totp_step < $2")
            .bind(id)
            .bind(step)
            .execute(connection)
            .await?;
    Ok(spent.rows_affected() == 1)
}

pub struct StoredPasskey {
    pub id: Uuid,
    pub employee_id: Uuid,
    pub passkey: Passkey,
}

pub async fn passkey_find(executor: impl PgExecutor<'_>, passkey_id: &[u8]) -> Result<Option<StoredPasskey>> {
    let row: Option<(Uuid, Uuid, Json<Passkey>)> =
        sqlx::query_as("SELECT id, employee_id, passkey FROM credential WHERE passkey_id = $1")
            .bind(passkey_id)
            .fetch_optional(executor)
            .await?;
    Ok(row.map(|(id, employee_id, Json(passkey))| StoredPasskey { id, employee_id, passkey }))
}

pub async fn passkeys(executor: impl PgExecutor<'_>, employee_id: Uuid) -> Result<Vec<Passkey>> {
    let rows: Vec<Json<Passkey>> = sqlx::query_scalar(
        "SELECT passkey FROM credential WHERE employee_id = $1 AND passkey IS NOT NULL ORDER BY create_time",
    )
    .bind(employee_id)
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(|Json(passkey)| passkey).collect())
}

/// Notes a use, with the counter that the device has come to. False when the passkey was removed meanwhile.
pub async fn passkey_used(connection: &mut PgConnection, stored: &StoredPasskey, changed: bool) -> Result<bool> {
    let noted = sqlx::query(
        "UPDATE credential SET last_use_time = now(), passkey = CASE WHEN $3 THEN $2 ELSE passkey END WHERE id = $1",
    )
    .bind(stored.id)
    .bind(Json(&stored.passkey))
    .bind(changed)
    .execute(connection)
    .await?;
    Ok(noted.rows_affected() == 1)
}

/// Puts new codes in the place of all earlier ones.
pub async fn recovery_codes_replace(connection: &mut PgConnection, employee_id: Uuid, codes: &[String]) -> Result<()> {
    sqlx::query("DELETE FROM recovery_code WHERE employee_id = $1").bind(employee_id).execute(&mut *connection).await?;
    let digests: Vec<Vec<u8>> = codes.iter().map(|code| recovery::digest(code).to_vec()).collect();
    sqlx::query("INSERT INTO recovery_code (employee_id, code_digest) SELECT $1, unnest($2::bytea[])")
        .bind(employee_id)
        .bind(digests)
        .execute(connection)
        .await?;
    Ok(())
}

pub async fn recovery_codes_left(executor: impl PgExecutor<'_>, employee_id: Uuid) -> Result<i64> {
    Ok(sqlx::query_scalar("SELECT count(*) FROM recovery_code WHERE employee_id = $1 AND use_time IS NULL")
        .bind(employee_id)
        .fetch_one(executor)
        .await?)
}

/// False when there is no such code, or it was used.
pub async fn recovery_code_spend(connection: &mut PgConnection, employee_id: Uuid, digest: &[u8]) -> Result<bool> {
    let spent = sqlx::query(
        "UPDATE recovery_code SET use_time = now()
         WHERE employee_id = $1 AND code_digest = $2 AND use_time IS NULL",
    )
    .bind(employee_id)
    .bind(digest)
    .execute(connection)
    .await?;
    Ok(spent.rows_affected() == 1)
}
