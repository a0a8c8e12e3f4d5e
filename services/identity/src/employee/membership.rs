//! SQL of who is in which group.

use std::collections::HashMap;

use platform::error::Result;
use sqlx::PgConnection;
use uuid::Uuid;

/// Moves employees who are in no group into one; answers each with name, old group and new revision.
pub async fn group_join(
    connection: &mut PgConnection,
    employee_ids: &[Uuid],
    group_id: Uuid,
    policy_revision: i64,
) -> Result<Vec<(Uuid, i64, bool)>> {
    Ok(sqlx::query_as(
        "UPDATE employee SET group_id = $2, update_time = now(), revision = revision + 1, policy_revision = $3
         WHERE id = ANY($1) AND group_id IS NULL RETURNING id, revision, state = 1",
    )
    .bind(employee_ids)
    .bind(group_id)
    .bind(policy_revision)
    .fetch_all(connection)
    .await?)
}

/// Leaves the members of a group without one; answers each with the new revision, whether they are active, and whether
/// they are programs.
pub async fn group_leave(
    connection: &mut PgConnection,
    group_id: Uuid,
    policy_revision: i64,
) -> Result<Vec<(Uuid, i64, bool, bool)>> {
    Ok(sqlx::query_as(
        "UPDATE employee SET group_id = NULL, update_time = now(), revision = revision + 1, policy_revision = $2
         WHERE group_id = $1 RETURNING id, revision, state = 1, kind = 2",
    )
    .bind(group_id)
    .bind(policy_revision)
    .fetch_all(connection)
    .await?)
}

/// The names of the groups that some are in.
pub async fn group_names(connection: &mut PgConnection, employee_ids: &[Uuid]) -> Result<HashMap<Uuid, String>> {
    let names: Vec<(Uuid, String)> = sqlx::query_as(
        "SELECT e.id, g.name FROM employee e JOIN employee_group g ON g.id = e.group_id WHERE e.id = ANY($1)",
    )
    .bind(employee_ids)
    .fetch_all(connection)
    .await?;
    Ok(names.into_iter().collect())
}

/// The roles that some hold, each with the groups that they stand in.
pub async fn roles_and_groups(
    connection: &mut PgConnection,
    employee_ids: &[Uuid],
) -> Result<Vec<(Uuid, Option<Uuid>)>> {
    Ok(sqlx::query_as(
        "SELECT DISTINCT h.role_id, e.group_id FROM employee_role h JOIN employee e ON e.id = h.employee_id
         WHERE h.employee_id = ANY($1)",
    )
    .bind(employee_ids)
    .fetch_all(connection)
    .await?)
}

/// Name and group of some employees.
pub async fn names_and_groups(
    connection: &mut PgConnection,
    employee_ids: &[Uuid],
) -> Result<Vec<(Uuid, String, Option<Uuid>)>> {
    Ok(sqlx::query_as("SELECT id, display_name, group_id FROM employee WHERE id = ANY($1) AND kind = 1")
        .bind(employee_ids)
        .fetch_all(connection)
        .await?)
}
