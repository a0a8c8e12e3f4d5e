//! SQL of service accounts. Roles and state are written by `employee::store`.

use chrono::{DateTime, Utc};
use contracts::identity::{EmployeeState, ServiceAccount};
use platform::db::{author, timestamp};
use platform::error::{Error, Result, on_constraint};
use platform::update;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, PgExecutor, Row as _};
use uuid::Uuid;

use crate::employee::names;
use crate::error;
use crate::password::NO_PASSWORD;

const SELECT: &str = "
SELECT e.id, e.display_name, e.group_id, g.name,
       ARRAY(SELECT r.id FROM employee_role h JOIN role r ON r.id = h.role_id WHERE h.employee_id = e.id ORDER BY r.id),
       ARRAY(SELECT r.name FROM employee_role h JOIN role r ON r.id = h.role_id WHERE h.employee_id = e.id ORDER BY r.id),
       e.state,
       (SELECT count(*) FROM api_key k WHERE k.employee_id = e.id AND k.revoke_time IS NULL
            AND (k.expire_time IS NULL OR k.expire_time > now())),
       e.create_time, e.update_time, e.revision, e.create_user_id, e.update_user_id
FROM employee e LEFT JOIN employee_group g ON g.id = e.group_id
WHERE e.kind = 2 AND ";

/// No login name of a person begins so.
fn login_name(id: Uuid) -> String {
    format!("@{}", id.simple())
}

fn service_account(row: &PgRow) -> sqlx::Result<ServiceAccount> {
    let time = |index| row.try_get::<DateTime<Utc>, _>(index).map(|time| Some(timestamp(time)));
    let state = match row.try_get::<i16, _>(6)? {
        1 => EmployeeState::Active,
        _ => EmployeeState::Disabled,
    };
    Ok(ServiceAccount {
        id: row.try_get::<Uuid, _>(0)?.to_string(),
        display_name: row.try_get(1)?,
        group_id: row.try_get::<Option<Uuid>, _>(2)?.map(|id| id.to_string()).unwrap_or_default(),
        group_name: row.try_get::<Option<String>, _>(3)?.unwrap_or_default(),
        role_ids: row.try_get::<Vec<Uuid>, _>(4)?.iter().map(Uuid::to_string).collect(),
        role_names: row.try_get(5)?,
        state: state.into(),
        key_count: i32::try_from(row.try_get::<i64, _>(7)?).unwrap_or(i32::MAX),
        create_time: time(8)?,
        update_time: time(9)?,
        etag: update::etag(row.try_get(10)?),
        create_user_id: author(row, 11)?,
        update_user_id: author(row, 12)?,
    })
}

pub async fn service_account_get(executor: impl PgExecutor<'_>, id: Uuid) -> Result<ServiceAccount> {
    let row = sqlx::query(AssertSqlSafe(format!("{SELECT} e.id = $1"))).bind(id).fetch_optional(executor).await?;
    Ok(service_account(&row.ok_or_else(Error::not_found)?)?)
}

/// In the order in which they were created. Served by `employee_service_account`.
pub async fn service_account_list(
    executor: impl PgExecutor<'_>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<ServiceAccount>> {
    let query = format!("{SELECT} ($1::uuid IS NULL OR e.id > $1) ORDER BY e.id LIMIT $2");
    let rows = sqlx::query(AssertSqlSafe(query)).bind(after).bind(limit).fetch_all(executor).await?;
    Ok(rows.iter().map(service_account).collect::<sqlx::Result<_>>()?)
}

fn refusal(error: sqlx::Error) -> Error {
    on_constraint(error, &[("employee_group_id", || Error::invalid("service_account.group_id", &error::GROUP_UNKNOWN))])
}

pub async fn service_account_insert(
    connection: &mut PgConnection,
    id: Uuid,
    display_name: &str,
    group_id: Option<Uuid>,
    policy_revision: i64,
) -> Result<()> {
    let login_name = login_name(id);
    sqlx::query(
        "INSERT INTO employee (id, login_name, display_name, sort_name, search_text, group_id, password_hash,
                               password_change_required, policy_revision, kind)
         VALUES ($1, $2, $3, $4, $5, $6, $7, false, $8, 2)",
    )
    .bind(id)
    .bind(&login_name)
    .bind(display_name)
    .bind(names::sort_name(display_name))
    .bind(names::search_text(display_name, &login_name))
    .bind(group_id)
    .bind(NO_PASSWORD)
    .bind(policy_revision)
    .execute(connection)
    .await
    .map_err(refusal)?;
    Ok(())
}

/// Writes name and group, and raises the revision.
pub async fn service_account_update(
    connection: &mut PgConnection,
    id: Uuid,
    display_name: &str,
    group_id: Option<Uuid>,
    policy_revision: i64,
) -> Result<i64> {
    sqlx::query_scalar(
        "UPDATE employee SET display_name = $2, sort_name = $3, search_text = $4, group_id = $5, update_time = now(),
                revision = revision + 1, policy_revision = $6
         WHERE id = $1 AND kind = 2 RETURNING revision",
    )
    .bind(id)
    .bind(display_name)
    .bind(names::sort_name(display_name))
    .bind(names::search_text(display_name, &login_name(id)))
    .bind(group_id)
    .bind(policy_revision)
    .fetch_one(connection)
    .await
    .map_err(refusal)
}
