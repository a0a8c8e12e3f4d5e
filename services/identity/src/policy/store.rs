//! The policy's revision, and everything that changed since one.

use platform::db::{Pool, Transaction};
use std::time::Duration;

use chrono::{DateTime, Utc};
use contracts::identity as proto;
use contracts::identity::FieldVisibility;
use platform::db::timestamp;
use platform::error::Result;
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use crate::role::store::StoredGrant;

/// Raises the revision. Holds the row until commit: transactions that change the policy run one after another, so rules
/// over several records (the last administrator, no cycles) see nothing change under them.
pub async fn advance(connection: &mut PgConnection) -> Result<i64> {
    Ok(sqlx::query_scalar("UPDATE policy_revision SET revision = revision + 1 RETURNING revision")
        .fetch_one(connection)
        .await?)
}

pub async fn current(executor: impl PgExecutor<'_>) -> Result<i64> {
    Ok(sqlx::query_scalar("SELECT revision FROM policy_revision").fetch_one(executor).await?)
}

pub async fn tombstone(
    connection: &mut PgConnection,
    record_kind: &'static str,
    record_id: Uuid,
    policy_revision: i64,
) -> Result<()> {
    sqlx::query("INSERT INTO policy_tombstone (record_kind, record_id, policy_revision) VALUES ($1, $2, $3)")
        .bind(record_kind)
        .bind(record_id)
        .bind(policy_revision)
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets what was deleted so long ago that no stream can be behind it.
pub async fn tombstones_prune(executor: impl PgExecutor<'_>, age: Duration) -> Result<u64> {
    let pruned = sqlx::query("DELETE FROM policy_tombstone WHERE create_time < now() - make_interval(secs => $1)")
        .bind(age.as_secs_f64())
        .execute(executor)
        .await?;
    Ok(pruned.rows_affected())
}

/// A view of the whole policy at one revision.
pub struct Snapshot(Transaction);

/// What changed between two revisions, without the keys.
#[derive(Default)]
pub struct Changes {
    pub revision: i64,
    pub employees: Vec<proto::PolicyEmployee>,
    pub groups: Vec<proto::PolicyGroup>,
    pub roles: Vec<proto::PolicyRole>,
    pub revoked_sessions: Vec<proto::RevokedSession>,
}

impl Snapshot {
    pub async fn begin(pool: &Pool) -> Result<Self> {
        Ok(Self(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?))
    }

    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.0
    }

    /// What changed after a revision; all that there is when there is none.
    pub async fn changes(&mut self, since: Option<i64>) -> Result<Changes> {
        let connection = &mut *self.0;
        let after = since.unwrap_or(-1);
        let mut changes = Changes {
            revision: current(&mut *connection).await?,
            employees: employees(connection, after).await?,
            groups: groups(connection, after).await?,
            roles: roles(connection, after).await?,
            revoked_sessions: revoked_sessions(connection, after).await?,
        };
        if let Some(since) = since {
            add_tombstones(connection, since, &mut changes).await?;
        }
        Ok(changes)
    }
}

async fn employees(connection: &mut PgConnection, after: i64) -> Result<Vec<proto::PolicyEmployee>> {
    type Row = (Uuid, String, Option<Uuid>, bool, bool, bool, bool, Vec<Uuid>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, display_name, group_id, state = 1, password_change_required, second_factor_set, kind = 2,
                ARRAY(SELECT role_id FROM employee_role WHERE employee_id = id ORDER BY role_id)
         FROM employee WHERE policy_revision > $1",
    )
    .bind(after)
    .fetch_all(connection)
    .await?;
    let employee = |row: Row| {
        let (id, display_name, group_id, active, password_change_required, second_factor_set, service_account, roles) =
            row;
        proto::PolicyEmployee {
            id: id.to_string(),
            display_name,
            group_id: group_id.map(|id| id.to_string()).unwrap_or_default(),
            role_ids: roles.iter().map(Uuid::to_string).collect(),
            active,
            password_change_required,
            deleted: false,
            second_factor_set,
            service_account,
        }
    };
    Ok(rows.into_iter().map(employee).collect())
}

async fn groups(connection: &mut PgConnection, after: i64) -> Result<Vec<proto::PolicyGroup>> {
    let rows: Vec<(Uuid, String, Option<Uuid>)> =
        sqlx::query_as("SELECT id, name, parent_id FROM employee_group WHERE policy_revision > $1")
            .bind(after)
            .fetch_all(connection)
            .await?;
    let group = |(id, name, parent_id): (Uuid, String, Option<Uuid>)| proto::PolicyGroup {
        id: id.to_string(),
        name,
        parent_id: parent_id.map(|id| id.to_string()).unwrap_or_default(),
        deleted: false,
    };
    Ok(rows.into_iter().map(group).collect())
}

async fn roles(connection: &mut PgConnection, after: i64) -> Result<Vec<proto::PolicyRole>> {
    type Row = (Uuid, String, bool, Json<Vec<StoredGrant>>, Vec<i32>, Vec<i32>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, name, second_factor_required,
                (SELECT coalesce(jsonb_agg(to_jsonb(g) - 'role_id' ORDER BY permission), '[]')
                 FROM role_grant g WHERE role_id = id),
                ARRAY(SELECT personal_data FROM role_field_visibility WHERE role_id = id ORDER BY personal_data),
                ARRAY(SELECT visibility FROM role_field_visibility WHERE role_id = id ORDER BY personal_data)
         FROM role WHERE policy_revision > $1",
    )
    .bind(after)
    .fetch_all(connection)
    .await?;
    let role = |(id, name, second_factor_required, Json(grants), kinds, visibilities): Row| {
        let visibilities = kinds
            .into_iter()
            .zip(visibilities)
            .map(|(personal_data, visibility)| FieldVisibility { personal_data, visibility });
        proto::PolicyRole {
            id: id.to_string(),
            grants: grants.into_iter().map(Into::into).collect(),
            field_visibilities: visibilities.collect(),
            deleted: false,
            name,
            second_factor_required,
        }
    };
    Ok(rows.into_iter().map(role).collect())
}

/// Ended sessions, and revoked API keys, whose last access token has not expired by itself.
async fn revoked_sessions(connection: &mut PgConnection, after: i64) -> Result<Vec<proto::RevokedSession>> {
    let rows: Vec<(Uuid, DateTime<Utc>)> = sqlx::query_as(
        "SELECT id, access_expire_time FROM session
         WHERE revoke_time IS NOT NULL AND policy_revision > $1 AND access_expire_time > now()
         UNION ALL
         SELECT id, access_expire_time FROM api_key
         WHERE revoke_time IS NOT NULL AND policy_revision > $1 AND access_expire_time > now()",
    )
    .bind(after)
    .fetch_all(connection)
    .await?;
    let session =
        |(id, expires): (Uuid, _)| proto::RevokedSession { id: id.to_string(), expire_time: Some(timestamp(expires)) };
    Ok(rows.into_iter().map(session).collect())
}

async fn add_tombstones(connection: &mut PgConnection, since: i64, changes: &mut Changes) -> Result<()> {
    let rows: Vec<(String, Uuid)> =
        sqlx::query_as("SELECT record_kind, record_id FROM policy_tombstone WHERE policy_revision > $1")
            .bind(since)
            .fetch_all(connection)
            .await?;
    for (record_kind, id) in rows {
        let id = id.to_string();
        match record_kind.as_str() {
            "employee" => {
                changes.employees.push(proto::PolicyEmployee { id, deleted: true, ..Default::default() });
            }
            "group" => changes.groups.push(proto::PolicyGroup { id, deleted: true, ..Default::default() }),
            _ => changes.roles.push(proto::PolicyRole { id, deleted: true, ..Default::default() }),
        }
    }
    Ok(())
}
