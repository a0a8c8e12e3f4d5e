//! All SQL of providers.

use chrono::{DateTime, Utc};
use contracts::identity::{IdentityProvider, RoleMapping, SignOnOption};
use platform::db::{author, timestamp};
use platform::error::{Error, Result, on_constraint};
use platform::update;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, PgExecutor, Row as _};
use uuid::Uuid;

use crate::error;

/// A provider with what is never answered.
pub struct Stored {
    pub id: Uuid,
    pub revision: i64,
    pub provider: IdentityProvider,
    /// Sealed.
    pub client_secret: Vec<u8>,
}

const SELECT: &str = "
SELECT p.id, p.name, p.issuer, p.client_id, p.client_secret, p.scopes, p.group_claim, p.default_group_id,
       p.create_employees, p.trust_email, p.enabled, p.create_time, p.update_time, p.revision,
       ARRAY(SELECT m.provider_group FROM identity_provider_role m WHERE m.provider_id = p.id
             ORDER BY m.provider_group, m.role_id),
       ARRAY(SELECT m.role_id FROM identity_provider_role m WHERE m.provider_id = p.id
             ORDER BY m.provider_group, m.role_id),
       p.trust_second_factor, p.create_user_id, p.update_user_id
FROM identity_provider p WHERE ";

fn stored(row: &PgRow) -> sqlx::Result<Stored> {
    let time = |index| row.try_get::<DateTime<Utc>, _>(index).map(|time| Some(timestamp(time)));
    let client_secret: Vec<u8> = row.try_get(4)?;
    let (groups, roles): (Vec<String>, Vec<Uuid>) = (row.try_get(14)?, row.try_get(15)?);
    let role_mappings = groups
        .into_iter()
        .zip(roles)
        .map(|(provider_group, role_id)| RoleMapping { provider_group, role_id: role_id.to_string() });
    let (id, revision): (Uuid, i64) = (row.try_get(0)?, row.try_get(13)?);
    let provider = IdentityProvider {
        id: id.to_string(),
        name: row.try_get(1)?,
        issuer: row.try_get(2)?,
        client_id: row.try_get(3)?,
        client_secret: String::new(),
        client_secret_set: !client_secret.is_empty(),
        scopes: row.try_get(5)?,
        group_claim: row.try_get(6)?,
        role_mappings: role_mappings.collect(),
        default_group_id: row.try_get::<Option<Uuid>, _>(7)?.map(|id| id.to_string()).unwrap_or_default(),
        create_employees: row.try_get(8)?,
        trust_email: row.try_get(9)?,
        trust_second_factor: row.try_get(16)?,
        enabled: row.try_get(10)?,
        create_time: time(11)?,
        update_time: time(12)?,
        etag: update::etag(revision),
        redirect_uri: String::new(),
        create_user_id: author(row, 17)?,
        update_user_id: author(row, 18)?,
    };
    Ok(Stored { id, revision, provider, client_secret })
}

pub async fn provider_get(executor: impl PgExecutor<'_>, id: Uuid) -> Result<Stored> {
    let row = sqlx::query(AssertSqlSafe(format!("{SELECT} p.id = $1"))).bind(id).fetch_optional(executor).await?;
    Ok(stored(&row.ok_or_else(Error::not_found)?)?)
}

/// The same, held against other writers until the transaction ends.
pub async fn provider_lock(connection: &mut PgConnection, id: Uuid) -> Result<Stored> {
    sqlx::query("SELECT FROM identity_provider WHERE id = $1 FOR UPDATE").bind(id).execute(&mut *connection).await?;
    provider_get(connection, id).await
}

/// In the order in which they were created.
pub async fn provider_list(executor: impl PgExecutor<'_>, after: Option<Uuid>, limit: i64) -> Result<Vec<Stored>> {
    let query = format!("{SELECT} ($1::uuid IS NULL OR p.id > $1) ORDER BY p.id LIMIT $2");
    let rows = sqlx::query(AssertSqlSafe(query)).bind(after).bind(limit).fetch_all(executor).await?;
    Ok(rows.iter().map(stored).collect::<sqlx::Result<_>>()?)
}

/// Those to choose from, by name.
pub async fn option_list(executor: impl PgExecutor<'_>, after: Option<&str>, limit: i64) -> Result<Vec<SignOnOption>> {
    let rows: Vec<(Uuid, String)> = sqlx::query_as(
        "SELECT id, name FROM identity_provider WHERE enabled AND ($1::text IS NULL OR name > $1)
         ORDER BY name LIMIT $2",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(|(id, name)| SignOnOption { provider_id: id.to_string(), name }).collect())
}

fn refusal(error: sqlx::Error) -> Error {
    on_constraint(
        error,
        &[
            ("identity_provider_name", || Error::already_exists("identity_provider.name", &error::PROVIDER_NAME_TAKEN)),
            ("identity_provider_group", || Error::invalid("identity_provider.default_group_id", &error::GROUP_UNKNOWN)),
        ],
    )
}

pub async fn provider_insert(
    connection: &mut PgConnection,
    id: Uuid,
    provider: &IdentityProvider,
    client_secret: &[u8],
    default_group_id: Option<Uuid>,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO identity_provider (id, name, issuer, client_id, client_secret, scopes, group_claim,
                                        default_group_id, create_employees, trust_email, enabled,
                                        trust_second_factor)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(id)
    .bind(&provider.name)
    .bind(&provider.issuer)
    .bind(&provider.client_id)
    .bind(client_secret)
    .bind(&provider.scopes)
    .bind(&provider.group_claim)
    .bind(default_group_id)
    .bind(provider.create_employees)
    .bind(provider.trust_email)
    .bind(provider.enabled)
    .bind(provider.trust_second_factor)
    .execute(&mut *connection)
    .await
    .map_err(refusal)?;
    mappings_replace(connection, id, &provider.role_mappings).await
}

pub async fn provider_update(
    connection: &mut PgConnection,
    id: Uuid,
    provider: &IdentityProvider,
    client_secret: &[u8],
    default_group_id: Option<Uuid>,
) -> Result<()> {
    sqlx::query(
        "UPDATE identity_provider SET name = $2, issuer = $3, client_id = $4, client_secret = $5, scopes = $6,
                group_claim = $7, default_group_id = $8, create_employees = $9, trust_email = $10, enabled = $11,
                trust_second_factor = $12, update_time = now(), revision = revision + 1
         WHERE id = $1",
    )
    .bind(id)
    .bind(&provider.name)
    .bind(&provider.issuer)
    .bind(&provider.client_id)
    .bind(client_secret)
    .bind(&provider.scopes)
    .bind(&provider.group_claim)
    .bind(default_group_id)
    .bind(provider.create_employees)
    .bind(provider.trust_email)
    .bind(provider.enabled)
    .bind(provider.trust_second_factor)
    .execute(&mut *connection)
    .await
    .map_err(refusal)?;
    mappings_replace(connection, id, &provider.role_mappings).await
}

async fn mappings_replace(connection: &mut PgConnection, id: Uuid, mappings: &[RoleMapping]) -> Result<()> {
    sqlx::query("DELETE FROM identity_provider_role WHERE provider_id = $1").bind(id).execute(&mut *connection).await?;
    sqlx::query(
        "INSERT INTO identity_provider_role (provider_id, provider_group, role_id)
         SELECT $1, m.provider_group, m.role_id::uuid
         FROM unnest($2::text[], $3::text[]) AS m (provider_group, role_id)
         ON CONFLICT DO NOTHING",
    )
    .bind(id)
    .bind(mappings.iter().map(|mapping| mapping.provider_group.as_str()).collect::<Vec<_>>())
    .bind(mappings.iter().map(|mapping| mapping.role_id.as_str()).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets who people are at a provider: of another issuer the same subject is somebody else.
pub async fn links_delete(connection: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query("DELETE FROM sign_on_link WHERE provider_id = $1").bind(id).execute(connection).await?;
    Ok(())
}

/// Before a group goes: those that put people into it put them into none.
pub async fn default_group_forget(connection: &mut PgConnection, group_id: Uuid) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar(
        "UPDATE identity_provider SET default_group_id = NULL, update_time = now(), revision = revision + 1
         WHERE default_group_id = $1 RETURNING id",
    )
    .bind(group_id)
    .fetch_all(connection)
    .await?)
}

pub async fn provider_delete(connection: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query("DELETE FROM identity_provider WHERE id = $1").bind(id).execute(connection).await?;
    Ok(())
}
