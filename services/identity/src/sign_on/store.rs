//! Sign-ons on their way, links, and the sessions that began at a provider.

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use contracts::identity::SignOnLink;
use platform::db::timestamp;
use platform::error::{Error, Result, on_constraint};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, PgExecutor, Row as _};
use uuid::Uuid;

use crate::authentication::refresh_token::RefreshToken;
use crate::error;

pub struct Flow {
    pub browser_digest: Vec<u8>,
    pub provider_id: Uuid,
    /// The employee who links an identity; nothing for a sign-on.
    pub employee_id: Option<Uuid>,
    pub nonce: String,
    pub code_verifier: String,
    pub return_to: String,
}

pub async fn flow_insert(
    executor: impl PgExecutor<'_>,
    state_digest: &[u8],
    flow: &Flow,
    expire_time: DateTime<Utc>,
) -> Result<()> {
    // Anybody may begin one, so what was never completed goes as others come.
    sqlx::query(
        "WITH stale AS (
             DELETE FROM sign_on_flow WHERE state_digest IN (
                 SELECT state_digest FROM sign_on_flow WHERE expire_time < now() LIMIT 100 FOR UPDATE SKIP LOCKED)
         )
         INSERT INTO sign_on_flow (state_digest, browser_digest, provider_id, employee_id, nonce, code_verifier,
                                   return_to, expire_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(state_digest)
    .bind(&flow.browser_digest)
    .bind(flow.provider_id)
    .bind(flow.employee_id)
    .bind(&flow.nonce)
    .bind(&flow.code_verifier)
    .bind(&flow.return_to)
    .bind(expire_time)
    .execute(executor)
    .await?;
    Ok(())
}

/// Takes a flow away, so that nobody completes it twice; nothing when it is too old.
pub async fn flow_take(executor: impl PgExecutor<'_>, state_digest: &[u8]) -> Result<Option<Flow>> {
    let row = sqlx::query(
        "DELETE FROM sign_on_flow WHERE state_digest = $1
         RETURNING browser_digest, provider_id, employee_id, nonce, code_verifier, return_to, expire_time > now()",
    )
    .bind(state_digest)
    .fetch_optional(executor)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let flow = Flow {
        browser_digest: row.try_get(0)?,
        provider_id: row.try_get(1)?,
        employee_id: row.try_get(2)?,
        nonce: row.try_get(3)?,
        code_verifier: row.try_get(4)?,
        return_to: row.try_get(5)?,
    };
    Ok(row.try_get::<bool, _>(6)?.then_some(flow))
}

pub async fn flows_prune(executor: impl PgExecutor<'_>) -> Result<u64> {
    Ok(sqlx::query("DELETE FROM sign_on_flow WHERE expire_time < now()").execute(executor).await?.rows_affected())
}

/// The employee who is this subject at the provider, with the link.
pub async fn link_find(
    connection: &mut PgConnection,
    provider_id: Uuid,
    subject: &str,
) -> Result<Option<(Uuid, Uuid)>> {
    Ok(sqlx::query_as("SELECT id, employee_id FROM sign_on_link WHERE provider_id = $1 AND subject = $2")
        .bind(provider_id)
        .bind(subject)
        .fetch_optional(connection)
        .await?)
}

pub async fn link_insert(
    connection: &mut PgConnection,
    employee_id: Uuid,
    provider_id: Uuid,
    subject: &str,
    email: &str,
) -> Result<Uuid> {
    let id = Uuid::now_v7();
    let taken = || Error::already_exists("provider_id", &error::SIGN_ON_LINK_TAKEN);
    sqlx::query("INSERT INTO sign_on_link (id, employee_id, provider_id, subject, email) VALUES ($1, $2, $3, $4, $5)")
        .bind(id)
        .bind(employee_id)
        .bind(provider_id)
        .bind(subject)
        .bind(email)
        .execute(connection)
        .await
        .map_err(|error| on_constraint(error, &[("sign_on_link_subject", taken), ("sign_on_link_employee", taken)]))?;
    Ok(id)
}

pub async fn link_use(connection: &mut PgConnection, id: Uuid, email: &str) -> Result<()> {
    sqlx::query("UPDATE sign_on_link SET last_use_time = now(), email = $2 WHERE id = $1")
        .bind(id)
        .bind(email)
        .execute(connection)
        .await?;
    Ok(())
}

const LINKS: &str = "
SELECT l.id, l.provider_id, p.name, l.email, l.create_time, l.last_use_time
FROM sign_on_link l JOIN identity_provider p ON p.id = l.provider_id WHERE l.employee_id = $1 AND ";

fn link(row: &PgRow) -> sqlx::Result<SignOnLink> {
    let time = |index| row.try_get::<Option<DateTime<Utc>>, _>(index).map(|time| time.map(timestamp));
    Ok(SignOnLink {
        id: row.try_get::<Uuid, _>(0)?.to_string(),
        provider_id: row.try_get::<Uuid, _>(1)?.to_string(),
        provider_name: row.try_get(2)?,
        email: row.try_get(3)?,
        create_time: time(4)?,
        last_use_time: time(5)?,
    })
}

pub async fn link_get(connection: &mut PgConnection, employee_id: Uuid, id: Uuid) -> Result<SignOnLink> {
    let query = AssertSqlSafe(format!("{LINKS} l.id = $2"));
    let row = sqlx::query(query).bind(employee_id).bind(id).fetch_optional(connection).await?;
    Ok(link(&row.ok_or_else(Error::not_found)?)?)
}

pub async fn link_list(
    executor: impl PgExecutor<'_>,
    employee_id: Uuid,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<SignOnLink>> {
    let query = AssertSqlSafe(format!("{LINKS} ($2::uuid IS NULL OR l.id > $2) ORDER BY l.id LIMIT $3"));
    let rows = sqlx::query(query).bind(employee_id).bind(after).bind(limit).fetch_all(executor).await?;
    Ok(rows.iter().map(link).collect::<sqlx::Result<_>>()?)
}

pub async fn link_delete(connection: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query("DELETE FROM sign_on_link WHERE id = $1").bind(id).execute(connection).await?;
    Ok(())
}

/// The person whom others know by an address here; nobody where several are.
pub async fn employee_by_email(connection: &mut PgConnection, email: &str) -> Result<Option<Uuid>> {
    let found: Vec<Uuid> = sqlx::query_scalar(
        "SELECT id FROM employee WHERE kind = 1 AND lower(email) = lower($1) AND NOT email_self_set LIMIT 2",
    )
    .bind(email)
    .fetch_all(connection)
    .await?;
    Ok(match found.as_slice() {
        [only] => Some(*only),
        _ => None,
    })
}

/// Whether a name is free, whatever its case.
pub async fn login_name_free(connection: &mut PgConnection, login_name: &str) -> Result<bool> {
    Ok(sqlx::query_scalar(
        r#"SELECT NOT EXISTS (SELECT FROM employee WHERE lower(login_name COLLATE "C") = lower($1 COLLATE "C"))"#,
    )
    .bind(login_name)
    .fetch_one(connection)
    .await?)
}

pub async fn signed_on(connection: &mut PgConnection, employee_id: Uuid, now: DateTime<Utc>) -> Result<()> {
    sqlx::query("UPDATE employee SET last_sign_in_time = $2 WHERE id = $1")
        .bind(employee_id)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

/// Notes new roles; answers the employee's new revision.
pub async fn employee_touch(connection: &mut PgConnection, id: Uuid, policy_revision: i64) -> Result<i64> {
    Ok(sqlx::query_scalar(
        "UPDATE employee SET update_time = now(), revision = revision + 1, policy_revision = $2 WHERE id = $1
         RETURNING revision",
    )
    .bind(id)
    .bind(policy_revision)
    .fetch_one(connection)
    .await?)
}

/// Notes where the session of a new refresh token began.
pub async fn session_note(connection: &mut PgConnection, refresh_token: &str, provider_id: Uuid) -> Result<()> {
    let token = RefreshToken::parse(refresh_token);
    let session_id = token.map(|token| token.session_id).ok_or_else(|| Error::internal(anyhow!("no refresh token")))?;
    sqlx::query("INSERT INTO sign_on_session (session_id, provider_id) VALUES ($1, $2)")
        .bind(session_id)
        .bind(provider_id)
        .execute(connection)
        .await?;
    Ok(())
}

/// The provider that a session began at.
pub async fn session_provider(executor: impl PgExecutor<'_>, session_id: Uuid) -> Result<Option<Uuid>> {
    Ok(sqlx::query_scalar("SELECT provider_id FROM sign_on_session WHERE session_id = $1")
        .bind(session_id)
        .fetch_optional(executor)
        .await?)
}
