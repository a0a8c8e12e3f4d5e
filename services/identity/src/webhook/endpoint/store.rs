//! All SQL of endpoints.

use chrono::{DateTime, Utc};
use contracts::identity::WebhookEndpoint;
use contracts::options::Permission;
use platform::db::{author, timestamp};
use platform::error::{Error, Result, on_constraint};
use platform::update;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, PgExecutor, Row as _};
use uuid::Uuid;

use super::rules::{DisableReason, MOST};
use crate::error;
use crate::webhook::event;

const SELECT: &str = "
SELECT id, name, url, description, event_types, enabled, disable_reason, disable_time, failing_since,
       CASE WHEN old_secret_expire_time > now() THEN old_secret_expire_time END, create_time, update_time, revision,
       create_user_id, update_user_id
FROM webhook_endpoint ";

fn endpoint(row: &PgRow) -> sqlx::Result<WebhookEndpoint> {
    let time = |index| row.try_get::<Option<DateTime<Utc>>, _>(index).map(|time| time.map(timestamp));
    Ok(WebhookEndpoint {
        id: row.try_get::<Uuid, _>(0)?.to_string(),
        name: row.try_get(1)?,
        url: row.try_get(2)?,
        description: row.try_get(3)?,
        event_types: row.try_get(4)?,
        enabled: row.try_get(5)?,
        disable_reason: row.try_get::<i16, _>(6)?.into(),
        disable_time: time(7)?,
        failing_since: time(8)?,
        old_secret_expire_time: time(9)?,
        create_time: time(10)?,
        update_time: time(11)?,
        etag: update::etag(row.try_get(12)?),
        create_user_id: author(row, 13)?,
        update_user_id: author(row, 14)?,
    })
}

pub async fn endpoint_get(executor: impl PgExecutor<'_>, id: Uuid) -> Result<WebhookEndpoint> {
    let row = sqlx::query(AssertSqlSafe(format!("{SELECT} WHERE id = $1"))).bind(id).fetch_optional(executor).await?;
    Ok(endpoint(&row.ok_or_else(Error::not_found)?)?)
}

/// The same, held until the transaction ends.
pub async fn endpoint_lock(connection: &mut PgConnection, id: Uuid) -> Result<WebhookEndpoint> {
    let row = sqlx::query(AssertSqlSafe(format!("{SELECT} WHERE id = $1 FOR UPDATE")));
    Ok(endpoint(&row.bind(id).fetch_optional(connection).await?.ok_or_else(Error::not_found)?)?)
}

pub async fn endpoint_list(
    executor: impl PgExecutor<'_>,
    after: Option<String>,
    limit: i64,
) -> Result<Vec<WebhookEndpoint>> {
    let sql = format!("{SELECT} WHERE $1::text IS NULL OR name > $1 ORDER BY name LIMIT $2");
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(after).bind(limit).fetch_all(executor).await?;
    Ok(rows.iter().map(endpoint).collect::<sqlx::Result<_>>()?)
}

fn refusal(error: sqlx::Error) -> Error {
    let taken = || Error::already_exists("endpoint.name", &error::WEBHOOK_NAME_TAKEN);
    on_constraint(error, &[("webhook_endpoint_name", taken)])
}

/// Writes a new endpoint, unless there are as many as there may be.
pub async fn endpoint_insert(
    connection: &mut PgConnection,
    id: Uuid,
    endpoint: &WebhookEndpoint,
    secret: &[u8],
) -> Result<()> {
    // Two at the same time must not both be the last one.
    sqlx::query("LOCK TABLE webhook_endpoint IN SHARE ROW EXCLUSIVE MODE").execute(&mut *connection).await?;
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM webhook_endpoint").fetch_one(&mut *connection).await?;
    if count >= MOST {
        return Err(Error::failed_precondition(&error::WEBHOOK_TOO_MANY).arg("max", MOST));
    }
    sqlx::query(
        "INSERT INTO webhook_endpoint (id, name, url, description, event_types, enabled, secret)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(id)
    .bind(&endpoint.name)
    .bind(&endpoint.url)
    .bind(&endpoint.description)
    .bind(&endpoint.event_types)
    .bind(endpoint.enabled)
    .bind(secret)
    .execute(connection)
    .await
    .map_err(refusal)?;
    Ok(())
}

/// Writes all fields that an update may name. What an automatic disabling was for is forgotten when it is enabled again.
pub async fn endpoint_update(connection: &mut PgConnection, id: Uuid, endpoint: &WebhookEndpoint) -> Result<i64> {
    sqlx::query_scalar(
        "UPDATE webhook_endpoint
         SET name = $2, url = $3, description = $4, event_types = $5,
             failing_since = CASE WHEN $6 AND NOT enabled THEN NULL ELSE failing_since END,
             disable_reason = CASE WHEN $6 THEN 0 ELSE disable_reason END,
             disable_time = CASE WHEN $6 THEN NULL ELSE disable_time END,
             enabled = $6, update_time = now(), revision = revision + 1
         WHERE id = $1 RETURNING revision",
    )
    .bind(id)
    .bind(&endpoint.name)
    .bind(&endpoint.url)
    .bind(&endpoint.description)
    .bind(&endpoint.event_types)
    .bind(endpoint.enabled)
    .fetch_one(connection)
    .await
    .map_err(refusal)
}

pub async fn endpoint_delete(connection: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query("DELETE FROM webhook_endpoint WHERE id = $1").bind(id).execute(connection).await?;
    Ok(())
}

/// The sealed secret with its number, which grows with each rotation.
pub async fn secret_get(executor: impl PgExecutor<'_>, id: Uuid) -> Result<Option<(Vec<u8>, i32)>> {
    Ok(sqlx::query_as("SELECT secret, secret_number FROM webhook_endpoint WHERE id = $1")
        .bind(id)
        .fetch_optional(executor)
        .await?)
}

/// Puts a new secret beside the present one, which goes on signing until a time.
pub async fn secret_rotate(
    connection: &mut PgConnection,
    id: Uuid,
    secret: &[u8],
    old_secret_expire_time: DateTime<Utc>,
) -> Result<i64> {
    Ok(sqlx::query_scalar(
        "UPDATE webhook_endpoint
         SET old_secret = secret, old_secret_expire_time = $3, secret = $2, secret_number = secret_number + 1,
             update_time = now(), revision = revision + 1
         WHERE id = $1 RETURNING revision",
    )
    .bind(id)
    .bind(secret)
    .bind(old_secret_expire_time)
    .fetch_one(connection)
    .await?)
}

/// What an endpoint asks for.
#[derive(sqlx::FromRow)]
pub struct Filter {
    pub endpoint_id: Uuid,
    pub event_types: Vec<String>,
    pub enabled: bool,
}

impl Filter {
    pub fn takes(&self, event_type: &str) -> bool {
        self.event_types.iter().any(|pattern| event::matches(pattern, event_type))
    }
}

/// The filters of all endpoints, none of which can be disabled before the transaction ends.
pub async fn filters(connection: &mut PgConnection) -> Result<Vec<Filter>> {
    Ok(sqlx::query_as("SELECT id AS endpoint_id, event_types, enabled FROM webhook_endpoint ORDER BY id FOR SHARE")
        .fetch_all(connection)
        .await?)
}

/// Notes a failed attempt; answers since when nothing was taken.
pub async fn failing(connection: &mut PgConnection, id: Uuid, time: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
    Ok(sqlx::query_scalar(
        "UPDATE webhook_endpoint SET failing_since = coalesce(failing_since, $2) WHERE id = $1
         RETURNING failing_since",
    )
    .bind(id)
    .bind(time)
    .fetch_optional(connection)
    .await?)
}

/// Notes that a message was taken.
pub async fn recovered(connection: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query("UPDATE webhook_endpoint SET failing_since = NULL WHERE id = $1 AND failing_since IS NOT NULL")
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Disables an endpoint for a reason of its own; answers the new revision unless it is disabled already.
pub async fn disable(
    connection: &mut PgConnection,
    id: Uuid,
    reason: DisableReason,
    time: DateTime<Utc>,
) -> Result<Option<i64>> {
    Ok(sqlx::query_scalar(
        "UPDATE webhook_endpoint
         SET enabled = false, disable_reason = $2, disable_time = $3, update_time = now(), revision = revision + 1
         WHERE id = $1 AND enabled RETURNING revision",
    )
    .bind(id)
    .bind(reason as i16)
    .bind(time)
    .fetch_optional(connection)
    .await?)
}

/// Name and reason of an endpoint that is disabled for a reason of its own.
pub async fn disabled(executor: impl PgExecutor<'_>, id: Uuid) -> Result<Option<(String, DisableReason)>> {
    let found: Option<(String, i16)> = sqlx::query_as(
        "SELECT name, disable_reason FROM webhook_endpoint WHERE id = $1 AND NOT enabled AND disable_reason <> 0",
    )
    .bind(id)
    .fetch_optional(executor)
    .await?;
    Ok(found.and_then(|(name, reason)| Some((name, DisableReason::try_from(i32::from(reason)).ok()?))))
}

/// People who can be written to and hold a permission: as many as one letter may be for.
pub async fn administrators(connection: &mut PgConnection, permission: Permission) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar(
        "SELECT e.id FROM employee e
         WHERE e.kind = 1 AND e.state = 1 AND e.email <> '' AND EXISTS (
             SELECT FROM employee_role h JOIN role_grant g ON g.role_id = h.role_id
             WHERE h.employee_id = e.id AND g.permission = $1)
         ORDER BY e.id LIMIT 50",
    )
    .bind(permission as i32)
    .fetch_all(connection)
    .await?)
}
