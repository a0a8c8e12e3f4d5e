//! All SQL of groups.

use chrono::{DateTime, Utc};
use contracts::identity::Group;
use contracts::options::{Permission, Scope};
use platform::db::{author, timestamp};
use platform::error::{Error, Result, on_constraint};
use platform::update;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, PgExecutor, Row as _};
use uuid::Uuid;

use super::rules::Parents;
use crate::error;

/// The tree with each group's path of ids from the root: sorted by it, parents stand before children, and siblings in
/// the order in which they were created.
const TREE: &str = "
WITH RECURSIVE tree AS (
    SELECT id, ARRAY[id] AS path FROM employee_group WHERE parent_id IS NULL
    UNION ALL
    SELECT g.id, t.path || g.id FROM employee_group g JOIN tree t ON g.parent_id = t.id
)
SELECT g.id, g.name, g.parent_id, cardinality(t.path) - 1, g.create_time, g.update_time, g.revision,
       (SELECT count(*) FROM employee m WHERE m.group_id = g.id AND m.kind = 1),
       ARRAY(SELECT m.display_name FROM employee m WHERE m.group_id = g.id AND m.kind = 1 ORDER BY m.sort_name, m.id LIMIT 5),
       t.path, g.create_user_id, g.update_user_id
FROM tree t JOIN employee_group g ON g.id = t.id ";

pub type Path = Vec<Uuid>;

fn group(row: &PgRow) -> sqlx::Result<(Group, Path)> {
    let time = |index| row.try_get::<DateTime<Utc>, _>(index).map(|time| Some(timestamp(time)));
    let group = Group {
        id: row.try_get::<Uuid, _>(0)?.to_string(),
        name: row.try_get(1)?,
        parent_id: row.try_get::<Option<Uuid>, _>(2)?.map(|id| id.to_string()).unwrap_or_default(),
        depth: row.try_get(3)?,
        member_count: i32::try_from(row.try_get::<i64, _>(7)?).unwrap_or(i32::MAX),
        member_names: row.try_get(8)?,
        create_time: time(4)?,
        update_time: time(5)?,
        etag: update::etag(row.try_get(6)?),
        create_user_id: author(row, 10)?,
        update_user_id: author(row, 11)?,
    };
    Ok((group, row.try_get(9)?))
}

pub async fn group_get(executor: impl PgExecutor<'_>, id: Uuid) -> Result<Group> {
    let row = sqlx::query(AssertSqlSafe(format!("{TREE} WHERE g.id = $1"))).bind(id).fetch_optional(executor).await?;
    Ok(group(&row.ok_or_else(Error::not_found)?)?.0)
}

pub async fn group_list(executor: impl PgExecutor<'_>, after: Option<Path>, limit: i64) -> Result<Vec<(Group, Path)>> {
    let rows =
        sqlx::query(AssertSqlSafe(format!("{TREE} WHERE $1::uuid[] IS NULL OR t.path > $1 ORDER BY t.path LIMIT $2")))
            .bind(after)
            .bind(limit)
            .fetch_all(executor)
            .await?;
    Ok(rows.iter().map(group).collect::<sqlx::Result<_>>()?)
}

pub async fn parents(connection: &mut PgConnection) -> Result<Parents> {
    let rows: Vec<(Uuid, Option<Uuid>)> =
        sqlx::query_as("SELECT id, parent_id FROM employee_group").fetch_all(connection).await?;
    Ok(rows.into_iter().collect())
}

pub async fn exists(connection: &mut PgConnection, id: Uuid) -> Result<bool> {
    Ok(sqlx::query_scalar("SELECT EXISTS (SELECT FROM employee_group WHERE id = $1)")
        .bind(id)
        .fetch_one(connection)
        .await?)
}

pub async fn root(connection: &mut PgConnection) -> Result<Option<Uuid>> {
    Ok(sqlx::query_scalar("SELECT id FROM employee_group WHERE parent_id IS NULL").fetch_optional(connection).await?)
}

fn refusal(error: sqlx::Error, field: &'static str, name: &str) -> Error {
    let taken = || Error::already_exists("", &error::GROUP_NAME_TAKEN);
    match on_constraint(error, &[("employee_group_name", taken)]) {
        // Names the group, which a constraint's answer can't.
        error if error.reason() == &error::GROUP_NAME_TAKEN => {
            Error::already_exists(field, &error::GROUP_NAME_TAKEN).arg("name", name)
        }
        error => error,
    }
}

pub async fn group_insert(
    connection: &mut PgConnection,
    id: Uuid,
    parent_id: Option<Uuid>,
    name: &str,
    policy_revision: i64,
) -> Result<()> {
    sqlx::query("INSERT INTO employee_group (id, name, parent_id, policy_revision) VALUES ($1, $2, $3, $4)")
        .bind(id)
        .bind(name)
        .bind(parent_id)
        .bind(policy_revision)
        .execute(connection)
        .await
        .map_err(|error| refusal(error, "name", name))?;
    Ok(())
}

pub async fn group_update(
    connection: &mut PgConnection,
    id: Uuid,
    parent_id: Option<Uuid>,
    name: &str,
    policy_revision: i64,
) -> Result<i64> {
    sqlx::query_scalar(
        "UPDATE employee_group SET name = $2, parent_id = $3, update_time = now(), revision = revision + 1,
                policy_revision = $4
         WHERE id = $1 RETURNING revision",
    )
    .bind(id)
    .bind(name)
    .bind(parent_id)
    .bind(policy_revision)
    .fetch_one(connection)
    .await
    .map_err(|error| refusal(error, "group.name", name))
}

/// The permissions that somebody holds for all below groups: from standing in one of them, or for one that was chosen.
pub async fn permissions_reaching(connection: &mut PgConnection, groups: &[Uuid]) -> Result<Vec<Permission>> {
    let held: Vec<i32> = sqlx::query_scalar(
        "SELECT DISTINCT g.permission FROM role_grant g
         JOIN employee_role h ON h.role_id = g.role_id JOIN employee e ON e.id = h.employee_id
         WHERE (g.scope = $2 AND e.group_id = ANY($1)) OR (g.scope = $3 AND g.group_ids && $1)",
    )
    .bind(groups)
    .bind(i32::from(Scope::GroupAndBelow))
    .bind(i32::from(Scope::ChosenGroups))
    .fetch_all(connection)
    .await?;
    Ok(held.into_iter().filter_map(|number| Permission::try_from(number).ok()).collect())
}

/// The roles with a grant that names a group.
pub async fn roles_naming(connection: &mut PgConnection, id: Uuid) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar("SELECT DISTINCT role_id FROM role_grant WHERE $1 = ANY(group_ids)")
        .bind(id)
        .fetch_all(connection)
        .await?)
}

/// Takes a group out of the grants that name it; a grant that named no other goes.
pub async fn grants_forget(connection: &mut PgConnection, id: Uuid, policy_revision: i64) -> Result<()> {
    sqlx::query(
        "WITH changed AS (
             UPDATE role_grant SET group_ids = array_remove(group_ids, $1) WHERE $1 = ANY(group_ids) RETURNING role_id
         )
         UPDATE role SET policy_revision = $2, revision = revision + 1 WHERE id IN (SELECT role_id FROM changed)",
    )
    .bind(id)
    .bind(policy_revision)
    .execute(&mut *connection)
    .await?;
    sqlx::query("DELETE FROM role_grant WHERE scope = $1 AND group_ids = '{}'")
        .bind(i32::from(Scope::ChosenGroups))
        .execute(connection)
        .await?;
    Ok(())
}

/// Removes a group whose members have left; children are to be hung up by [`children_move`] before the commit.
pub async fn group_delete(connection: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query("DELETE FROM employee_group WHERE id = $1").bind(id).execute(connection).await?;
    Ok(())
}

/// The name that a child of the group would share with a group below the new parent.
pub async fn name_conflict(connection: &mut PgConnection, id: Uuid, parent_id: Uuid) -> Result<Option<String>> {
    Ok(sqlx::query_scalar(
        "SELECT c.name FROM employee_group c
         JOIN employee_group s ON s.name = c.name AND s.parent_id = $2 AND s.id <> $1
         WHERE c.parent_id = $1 ORDER BY c.id LIMIT 1",
    )
    .bind(id)
    .bind(parent_id)
    .fetch_optional(connection)
    .await?)
}

/// Hangs the children of a group on another; answers each with its new revision.
pub async fn children_move(
    connection: &mut PgConnection,
    id: Uuid,
    parent_id: Uuid,
    policy_revision: i64,
) -> Result<Vec<(Uuid, i64)>> {
    Ok(sqlx::query_as(
        "UPDATE employee_group SET parent_id = $2, update_time = now(), revision = revision + 1, policy_revision = $3
         WHERE parent_id = $1 RETURNING id, revision",
    )
    .bind(id)
    .bind(parent_id)
    .bind(policy_revision)
    .fetch_all(connection)
    .await?)
}

/// The group of a name right below another.
pub async fn child(connection: &mut PgConnection, parent_id: Uuid, name: &str) -> Result<Option<Uuid>> {
    Ok(sqlx::query_scalar("SELECT id FROM employee_group WHERE parent_id = $1 AND name = $2")
        .bind(parent_id)
        .bind(name)
        .fetch_optional(connection)
        .await?)
}
