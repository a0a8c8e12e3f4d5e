//! All SQL of sessions.

use chrono::{DateTime, Utc};
use contracts::identity::Session;
use platform::db::timestamp;
use platform::error::{Error, Result};
use sqlx::{PgConnection, PgExecutor, QueryBuilder, Row as _};
use uuid::Uuid;

use super::refresh_token::{RefreshToken, TokenDigest};
use super::rules::SessionState;

pub struct NewSession<'a> {
    pub employee_id: Uuid,
    pub token: &'a RefreshToken,
    pub device: &'a str,
    pub address: &'a str,
    pub create_time: DateTime<Utc>,
    pub expire_time: DateTime<Utc>,
    pub end_time: DateTime<Utc>,
    pub access_expire_time: DateTime<Utc>,
    pub second_factor: bool,
}

pub async fn session_insert(connection: &mut PgConnection, session: &NewSession<'_>) -> Result<()> {
    sqlx::query(
        "INSERT INTO session (id, employee_id, family_digest, token_digest, device, address, create_time,
                              last_use_time, auth_time, expire_time, end_time, access_expire_time, second_factor)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $7, $8, $9, $10, $11)",
    )
    .bind(session.token.session_id)
    .bind(session.employee_id)
    .bind(&session.token.family_digest()[..])
    .bind(&session.token.digest()[..])
    .bind(session.device)
    .bind(session.address)
    .bind(session.create_time)
    .bind(session.expire_time)
    .bind(session.end_time)
    .bind(session.access_expire_time)
    .bind(session.second_factor)
    .execute(connection)
    .await?;
    Ok(())
}

pub struct StoredSession {
    pub employee_id: Uuid,
    pub end_time: DateTime<Utc>,
    pub password_change_required: bool,
    /// From which the successor of a refresh token follows.
    pub rotation_key: Vec<u8>,
    /// When the person last proved who they are.
    pub auth_time: DateTime<Utc>,
    /// The provider of single sign-on has asked for a second factor.
    pub second_factor: bool,
    pub state: SessionState,
}

pub async fn session_find(executor: impl PgExecutor<'_>, id: Uuid) -> Result<Option<StoredSession>> {
    let row = sqlx::query(
        "SELECT s.employee_id, s.end_time, e.password_change_required, s.rotation_key, s.family_digest, s.token_digest,
                s.previous_token_digest, s.rotate_time, s.expire_time, s.revoke_time IS NOT NULL, e.state = 1,
                s.auth_time, s.second_factor
         FROM session s JOIN employee e ON e.id = s.employee_id WHERE s.id = $1",
    )
    .bind(id)
    .fetch_optional(executor)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let digest = |bytes: Vec<u8>| -> Result<TokenDigest> {
        bytes.try_into().map_err(|_| Error::internal(anyhow::anyhow!("a digest of another length")))
    };
    let previous = row.try_get::<Option<Vec<u8>>, _>(6)?.map(digest).transpose()?;
    let state = SessionState {
        family_digest: digest(row.try_get(4)?)?,
        token_digest: digest(row.try_get(5)?)?,
        previous: previous.zip(row.try_get(7)?),
        expire_time: row.try_get(8)?,
        revoked: row.try_get(9)?,
        employee_active: row.try_get(10)?,
    };
    Ok(Some(StoredSession {
        employee_id: row.try_get(0)?,
        end_time: row.try_get(1)?,
        password_change_required: row.try_get(2)?,
        rotation_key: row.try_get(3)?,
        auth_time: row.try_get(11)?,
        second_factor: row.try_get(12)?,
        state,
    }))
}

/// Puts the next token in the place of the present one. False when another call did so first, or ended the session.
pub async fn session_rotate(
    executor: impl PgExecutor<'_>,
    present: &RefreshToken,
    next: &NewSession<'_>,
) -> Result<bool> {
    let rotated = sqlx::query(
        "UPDATE session SET token_digest = $3, address = $4, last_use_time = $5, expire_time = $6,
                access_expire_time = $7, previous_token_digest = $2, rotate_time = $5
         WHERE id = $1 AND token_digest = $2 AND revoke_time IS NULL",
    )
    .bind(present.session_id)
    .bind(&present.digest()[..])
    .bind(&next.token.digest()[..])
    .bind(next.address)
    .bind(next.create_time)
    .bind(next.expire_time)
    .bind(next.access_expire_time)
    .execute(executor)
    .await?;
    Ok(rotated.rows_affected() == 1)
}

/// Gives a live session, whose holder has proven again who they are, tokens of a new family. False when
/// it is over.
pub async fn session_confirm(connection: &mut PgConnection, next: &NewSession<'_>) -> Result<bool> {
    let confirmed = sqlx::query(
        "UPDATE session SET family_digest = $3, token_digest = $4, previous_token_digest = NULL, rotate_time = NULL,
                auth_time = $5, last_use_time = $5, address = $6, expire_time = $7, access_expire_time = $8
         WHERE id = $1 AND employee_id = $2 AND revoke_time IS NULL AND expire_time > now()",
    )
    .bind(next.token.session_id)
    .bind(next.employee_id)
    .bind(&next.token.family_digest()[..])
    .bind(&next.token.digest()[..])
    .bind(next.create_time)
    .bind(next.address)
    .bind(next.expire_time)
    .bind(next.access_expire_time)
    .execute(connection)
    .await?;
    Ok(confirmed.rows_affected() == 1)
}

/// When a session ends, however often it is refreshed, and whether the provider where it began has asked for a second
/// factor.
pub async fn session_bounds(connection: &mut PgConnection, id: Uuid) -> Result<Option<(DateTime<Utc>, bool)>> {
    let found = sqlx::query_as("SELECT end_time, second_factor FROM session WHERE id = $1").bind(id);
    Ok(found.fetch_optional(connection).await?)
}

/// Notes that a token, which is the newest already, was handed out once more. False when the session is over or further on.
pub async fn session_repeat(executor: impl PgExecutor<'_>, next: &NewSession<'_>) -> Result<bool> {
    let repeated = sqlx::query(
        "UPDATE session SET access_expire_time = greatest(access_expire_time, $3),
                expire_time = greatest(expire_time, $4)
         WHERE id = $1 AND token_digest = $2 AND revoke_time IS NULL",
    )
    .bind(next.token.session_id)
    .bind(&next.token.digest()[..])
    .bind(next.access_expire_time)
    .bind(next.expire_time)
    .execute(executor)
    .await?;
    Ok(repeated.rows_affected() == 1)
}

/// Ends one live session of the employee; answers on which device it was.
pub async fn session_revoke(
    connection: &mut PgConnection,
    employee_id: Uuid,
    id: Uuid,
    policy_revision: i64,
) -> Result<Option<String>> {
    Ok(sqlx::query_scalar(
        "UPDATE session SET revoke_time = now(), policy_revision = $3
         WHERE id = $2 AND employee_id = $1 AND revoke_time IS NULL AND expire_time > now() RETURNING device",
    )
    .bind(employee_id)
    .bind(id)
    .bind(policy_revision)
    .fetch_optional(connection)
    .await?)
}

/// Ends all live sessions of the employee but one; answers how many.
pub async fn sessions_revoke_others(
    connection: &mut PgConnection,
    employee_id: Uuid,
    kept: Uuid,
    policy_revision: i64,
) -> Result<u64> {
    let revoked = sqlx::query(
        "UPDATE session SET revoke_time = now(), policy_revision = $3
         WHERE employee_id = $1 AND id <> $2 AND revoke_time IS NULL AND expire_time > now()",
    )
    .bind(employee_id)
    .bind(kept)
    .bind(policy_revision)
    .execute(connection)
    .await?;
    Ok(revoked.rows_affected())
}

/// What the client of a session called itself.
pub async fn session_device(connection: &mut PgConnection, id: Option<Uuid>) -> Result<String> {
    let device: Option<String> =
        sqlx::query_scalar("SELECT device FROM session WHERE id = $1").bind(id).fetch_optional(connection).await?;
    Ok(device.unwrap_or_default())
}

/// Ends all sessions of the employee.
pub async fn sessions_revoke(connection: &mut PgConnection, employee_id: Uuid, policy_revision: i64) -> Result<()> {
    sqlx::query(
        "UPDATE session SET revoke_time = now(), policy_revision = $2 WHERE employee_id = $1 AND revoke_time IS NULL",
    )
    .bind(employee_id)
    .bind(policy_revision)
    .execute(connection)
    .await?;
    Ok(())
}

/// Live sessions, most recently used first, behind a place in that order. Microseconds as the database keeps them.
pub async fn session_list(
    executor: impl PgExecutor<'_>,
    employee_id: Uuid,
    current: Option<Uuid>,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<(Session, DateTime<Utc>, Uuid)>> {
    type Row = (Uuid, String, String, DateTime<Utc>, DateTime<Utc>);
    let mut query = QueryBuilder::new(
        "SELECT id, device, address, create_time, last_use_time FROM session
         WHERE revoke_time IS NULL AND expire_time > now() AND employee_id = ",
    );
    query.push_bind(employee_id);
    if let Some((last_use_time, id)) = after {
        query.push(" AND (last_use_time, id) < (").push_bind(last_use_time).push(", ").push_bind(id).push(")");
    }
    query.push(" ORDER BY last_use_time DESC, id DESC LIMIT ").push_bind(limit);
    let rows: Vec<Row> = query.build_query_as().fetch_all(executor).await?;
    let session = |(id, device, address, create_time, last_use_time): Row| {
        let session = Session {
            id: id.to_string(),
            device,
            address,
            create_time: Some(timestamp(create_time)),
            last_use_time: Some(timestamp(last_use_time)),
            current: current == Some(id),
            place: String::new(),
        };
        (session, last_use_time, id)
    };
    Ok(rows.into_iter().map(session).collect())
}

/// Removes sessions whose tokens are of no use to anybody.
pub async fn sessions_prune(executor: impl PgExecutor<'_>) -> Result<u64> {
    let pruned = sqlx::query(
        "DELETE FROM session
         WHERE expire_time < now() OR (revoke_time IS NOT NULL AND access_expire_time < now() - interval '1 hour')",
    )
    .execute(executor)
    .await?;
    Ok(pruned.rows_affected())
}
