//! All SQL of roles.

use chrono::{DateTime, Utc};
use contracts::identity::{FieldVisibility, Grant, Role};
use platform::db::{author, timestamp};
use platform::error::{Error, Result, on_constraint};
use platform::update;
use serde::Deserialize;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor, Row as _};
use uuid::Uuid;

use super::rules::Place;
use crate::error;

const COLUMNS: &str = "
    r.id, r.name, r.description, r.preset, r.create_time, r.update_time, r.revision,
    (SELECT count(*) FROM employee_role h WHERE h.role_id = r.id),
    (SELECT coalesce(jsonb_agg(to_jsonb(g) - 'role_id' ORDER BY g.permission), '[]') FROM role_grant g
     WHERE g.role_id = r.id),
    r.second_factor_required,
    ARRAY(SELECT v.personal_data FROM role_field_visibility v WHERE v.role_id = r.id ORDER BY v.personal_data),
    ARRAY(SELECT v.visibility FROM role_field_visibility v WHERE v.role_id = r.id ORDER BY v.personal_data),
    r.audience, r.create_user_id, r.update_user_id";

/// A grant as it stands in the table.
#[derive(Deserialize)]
pub struct StoredGrant {
    permission: i32,
    scope: i32,
    group_ids: Vec<Uuid>,
}

impl From<StoredGrant> for Grant {
    fn from(grant: StoredGrant) -> Self {
        let StoredGrant { permission, scope, group_ids } = grant;
        Self { permission, scope, group_ids: group_ids.iter().map(Uuid::to_string).collect() }
    }
}

fn select(rest: &str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM role r {rest}"))
}

fn role(row: &PgRow) -> sqlx::Result<Role> {
    let numbers = |index| row.try_get::<Vec<i32>, _>(index);
    let time = |index| row.try_get::<DateTime<Utc>, _>(index).map(|time| Some(timestamp(time)));
    let Json(grants) = row.try_get::<Json<Vec<StoredGrant>>, _>(8)?;
    let visibilities = numbers(10)?
        .into_iter()
        .zip(numbers(11)?)
        .map(|(personal_data, visibility)| FieldVisibility { personal_data, visibility });
    Ok(Role {
        id: row.try_get::<Uuid, _>(0)?.to_string(),
        name: row.try_get(1)?,
        description: row.try_get(2)?,
        grants: grants.into_iter().map(Into::into).collect(),
        field_visibilities: visibilities.collect(),
        preset: row.try_get(3)?,
        holder_count: i32::try_from(row.try_get::<i64, _>(7)?).unwrap_or(i32::MAX),
        create_time: time(4)?,
        update_time: time(5)?,
        etag: update::etag(row.try_get(6)?),
        second_factor_required: row.try_get(9)?,
        audience: row.try_get::<i16, _>(12)?.into(),
        create_user_id: author(row, 13)?,
        update_user_id: author(row, 14)?,
    })
}

pub async fn role_get(executor: impl PgExecutor<'_>, id: Uuid) -> Result<Role> {
    let row = sqlx::query(select("WHERE r.id = $1")).bind(id).fetch_optional(executor).await?;
    Ok(role(&row.ok_or_else(Error::not_found)?)?)
}

pub async fn role_by_preset(executor: impl PgExecutor<'_>, preset: &str) -> Result<Option<Role>> {
    let row = sqlx::query(select("WHERE r.preset = $1")).bind(preset).fetch_optional(executor).await?;
    Ok(row.as_ref().map(role).transpose()?)
}

/// Some roles; those that are not there are left out.
pub async fn roles_get(executor: impl PgExecutor<'_>, ids: &[Uuid]) -> Result<Vec<Role>> {
    let rows = sqlx::query(select("WHERE r.id = ANY($1) ORDER BY r.id")).bind(ids).fetch_all(executor).await?;
    Ok(rows.iter().map(role).collect::<sqlx::Result<_>>()?)
}

/// In the order in which they were created, presets first.
pub async fn role_list(executor: impl PgExecutor<'_>, after: Option<Uuid>, limit: i64) -> Result<Vec<Role>> {
    let rows = sqlx::query(select("WHERE $1::uuid IS NULL OR r.id > $1 ORDER BY r.id LIMIT $2"))
        .bind(after)
        .bind(limit)
        .fetch_all(executor)
        .await?;
    Ok(rows.iter().map(role).collect::<sqlx::Result<_>>()?)
}

fn refusal(error: sqlx::Error) -> Error {
    on_constraint(error, &[("role_name", || Error::already_exists("role.name", &error::ROLE_NAME_TAKEN))])
}

pub async fn role_insert(connection: &mut PgConnection, id: Uuid, role: &Role, policy_revision: i64) -> Result<()> {
    let audience = i16::try_from(role.audience.max(1)).unwrap_or(1);
    sqlx::query(
        "INSERT INTO role (id, name, description, preset, policy_revision, second_factor_required, audience)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(id)
    .bind(&role.name)
    .bind(&role.description)
    .bind(&role.preset)
    .bind(policy_revision)
    .bind(role.second_factor_required)
    .bind(audience)
    .execute(&mut *connection)
    .await
    .map_err(refusal)?;
    holdings_replace(connection, id, role).await
}

pub async fn role_update(connection: &mut PgConnection, id: Uuid, role: &Role, policy_revision: i64) -> Result<()> {
    sqlx::query(
        "UPDATE role SET name = $2, description = $3, update_time = now(), revision = revision + 1,
                policy_revision = $4, second_factor_required = $5
         WHERE id = $1",
    )
    .bind(id)
    .bind(&role.name)
    .bind(&role.description)
    .bind(policy_revision)
    .bind(role.second_factor_required)
    .execute(&mut *connection)
    .await
    .map_err(refusal)?;
    holdings_replace(connection, id, role).await
}

async fn holdings_replace(connection: &mut PgConnection, id: Uuid, role: &Role) -> Result<()> {
    sqlx::query("DELETE FROM role_grant WHERE role_id = $1").bind(id).execute(&mut *connection).await?;
    sqlx::query(
        "INSERT INTO role_grant (role_id, permission, scope, group_ids)
         SELECT $1, permission, scope, string_to_array(groups, ',')::uuid[]
         FROM unnest($2::int[], $3::int[], $4::text[]) AS g (permission, scope, groups)",
    )
    .bind(id)
    .bind(role.grants.iter().map(|grant| grant.permission).collect::<Vec<_>>())
    .bind(role.grants.iter().map(|grant| grant.scope).collect::<Vec<_>>())
    .bind(role.grants.iter().map(|grant| grant.group_ids.join(",")).collect::<Vec<_>>())
    .execute(&mut *connection)
    .await?;
    sqlx::query("DELETE FROM role_field_visibility WHERE role_id = $1").bind(id).execute(&mut *connection).await?;
    sqlx::query(
        "INSERT INTO role_field_visibility (role_id, personal_data, visibility)
         SELECT $1, * FROM unnest($2::int[], $3::int[])",
    )
    .bind(id)
    .bind(role.field_visibilities.iter().map(|entry| entry.personal_data).collect::<Vec<_>>())
    .bind(role.field_visibilities.iter().map(|entry| entry.visibility).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Where those stand who hold a role, or will by a provider; in no group, where nobody does.
pub async fn holder_places(connection: &mut PgConnection, id: Uuid) -> Result<Vec<Place>> {
    let groups: Vec<Option<Uuid>> = sqlx::query_scalar(
        "SELECT DISTINCT e.group_id FROM employee_role h JOIN employee e ON e.id = h.employee_id WHERE h.role_id = $1",
    )
    .bind(id)
    .fetch_all(&mut *connection)
    .await?;
    let mapped: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM identity_provider_role WHERE role_id = $1)")
        .bind(id)
        .fetch_one(connection)
        .await?;
    let others = [Some(Place::In(None)), mapped.then_some(Place::Anywhere)];
    Ok(groups.into_iter().map(Place::In).chain(others.into_iter().flatten()).collect())
}

pub async fn role_delete(connection: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query("DELETE FROM role WHERE id = $1").bind(id).execute(connection).await?;
    Ok(())
}

/// Whether a preset is to be installed: true once, ever.
pub async fn preset_claim(connection: &mut PgConnection, preset: &str) -> Result<bool> {
    let claimed = sqlx::query("INSERT INTO installed_preset (preset) VALUES ($1) ON CONFLICT DO NOTHING")
        .bind(preset)
        .execute(connection)
        .await?;
    Ok(claimed.rows_affected() == 1)
}
