//! All SQL of challenges.

use chrono::{DateTime, Utc};
use platform::error::{Error, Result};
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::{NewChallenge, Purpose};
use crate::attempt::Digest;
use crate::one_time_token::OneTimeToken;

/// How often the answer to a challenge may be wrong.
const TRIES: i32 = 5;

pub struct Challenge {
    pub id: Uuid,
    pub purpose: Purpose,
    pub employee_id: Option<Uuid>,
    pub session_id: Option<Uuid>,
    pub device: String,
    pub device_digest: Option<Digest>,
    pub provider_id: Option<Uuid>,
    pub state: Value,
}

pub async fn challenge_insert(
    connection: &mut PgConnection,
    token: &OneTimeToken,
    challenge: &NewChallenge,
    expire_time: DateTime<Utc>,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO challenge
             (id, token_digest, purpose, employee_id, session_id, device, device_digest, state, expire_time, provider_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(token.id)
    .bind(&token.digest()[..])
    .bind(challenge.purpose as i16)
    .bind(challenge.employee_id)
    .bind(challenge.session_id)
    .bind(&challenge.device)
    .bind(challenge.device_digest.as_ref().map(|digest| &digest[..]))
    .bind(Json(&challenge.state))
    .bind(expire_time)
    .bind(challenge.provider_id)
    .execute(connection)
    .await?;
    Ok(())
}

/// Counts a try at a challenge that is still open.
pub async fn challenge_try(executor: impl PgExecutor<'_>, token: &OneTimeToken) -> Result<Option<Challenge>> {
    type Row = (Uuid, i16, Option<Uuid>, Option<Uuid>, String, Option<Vec<u8>>, Option<Uuid>, Json<Value>);
    let row: Option<Row> = sqlx::query_as(
        "UPDATE challenge SET tries = tries + 1
         WHERE id = $1 AND token_digest = $2 AND expire_time > now() AND tries < $3
         RETURNING id, purpose, employee_id, session_id, device, device_digest, provider_id, state",
    )
    .bind(token.id)
    .bind(&token.digest()[..])
    .bind(TRIES)
    .fetch_optional(executor)
    .await?;
    let Some((id, purpose, employee_id, session_id, device, device_digest, provider_id, Json(state))) = row else {
        return Ok(None);
    };
    let known = [
        Purpose::SecondFactor,
        Purpose::PasskeySignIn,
        Purpose::TotpSetUp,
        Purpose::PasskeySetUp,
        Purpose::Confirmation,
    ];
    let purpose = known.into_iter().find(|known| *known as i16 == purpose);
    let purpose = purpose.ok_or_else(|| Error::internal(anyhow::anyhow!("a challenge of another purpose")))?;
    let device_digest = device_digest.and_then(|digest| digest.try_into().ok());
    Ok(Some(Challenge { id, purpose, employee_id, session_id, device, device_digest, provider_id, state }))
}

/// Closes a challenge that was met. False when another call did so first.
pub async fn challenge_close(connection: &mut PgConnection, id: Uuid) -> Result<bool> {
    let closed = sqlx::query("DELETE FROM challenge WHERE id = $1").bind(id).execute(connection).await?;
    Ok(closed.rows_affected() == 1)
}

/// Takes back what an employee has begun, as when the password or the factors change.
pub async fn challenges_void(connection: &mut PgConnection, employee_id: Uuid) -> Result<()> {
    sqlx::query("DELETE FROM challenge WHERE employee_id = $1").bind(employee_id).execute(connection).await?;
    Ok(())
}

pub async fn challenges_prune(executor: impl PgExecutor<'_>) -> Result<u64> {
    let pruned = sqlx::query("DELETE FROM challenge WHERE expire_time < now()").execute(executor).await?;
    Ok(pruned.rows_affected())
}
