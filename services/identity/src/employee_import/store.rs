//! SQL of many employees at once.

use contracts::identity::Employee;
use platform::error::{Error, Result, on_constraint};
use sqlx::PgConnection;
use uuid::Uuid;

use super::rules::Group;
use crate::employee::names;
use crate::error;

pub async fn groups(connection: &mut PgConnection) -> Result<Vec<Group>> {
    Ok(sqlx::query_as("SELECT id, name, parent_id FROM employee_group").fetch_all(connection).await?)
}

pub async fn role_ids(connection: &mut PgConnection) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar("SELECT id FROM role").fetch_all(connection).await?)
}

/// Those of the login names, in lower case, that are taken. Served by `employee_login_name`.
pub async fn taken(connection: &mut PgConnection, login_keys: &[String]) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar(
        r#"SELECT lower(login_name COLLATE "C") FROM employee WHERE lower(login_name COLLATE "C") = ANY($1)"#,
    )
    .bind(login_keys)
    .fetch_all(connection)
    .await?)
}

/// An employee to be.
pub struct Newcomer {
    pub id: Uuid,
    pub employee: Employee,
    pub group_id: Option<Uuid>,
    pub role_ids: Vec<Uuid>,
    pub password_hash: String,
}

pub async fn employees_insert(
    connection: &mut PgConnection,
    newcomers: &[Newcomer],
    policy_revision: i64,
) -> Result<()> {
    let column = |value: fn(&Newcomer) -> String| newcomers.iter().map(value).collect::<Vec<String>>();
    let ids: Vec<Uuid> = newcomers.iter().map(|newcomer| newcomer.id).collect();
    let group_ids: Vec<Option<Uuid>> = newcomers.iter().map(|newcomer| newcomer.group_id).collect();
    sqlx::query(
        "INSERT INTO employee (id, login_name, display_name, sort_name, search_text, email, phone, group_id, locale,
                               password_hash, password_change_required, policy_revision)
         SELECT e.*, true, $11
         FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::uuid[],
                     $9::text[], $10::text[]) AS e",
    )
    .bind(&ids)
    .bind(column(|newcomer| newcomer.employee.login_name.clone()))
    .bind(column(|newcomer| newcomer.employee.display_name.clone()))
    .bind(column(|newcomer| names::sort_name(&newcomer.employee.display_name)))
    .bind(column(|newcomer| names::search_text(&newcomer.employee.display_name, &newcomer.employee.login_name)))
    .bind(column(|newcomer| newcomer.employee.email.clone()))
    .bind(column(|newcomer| newcomer.employee.phone.clone()))
    .bind(group_ids)
    .bind(column(|newcomer| newcomer.employee.locale.clone()))
    .bind(column(|newcomer| newcomer.password_hash.clone()))
    .bind(policy_revision)
    .execute(&mut *connection)
    .await
    .map_err(|error| {
        // Between the look and the writing somebody may have taken a name: nothing else stands in the way.
        let taken: fn() -> Error = || Error::already_exists("file", &error::LOGIN_NAME_TAKEN);
        on_constraint(error, &[("employee_login_name", taken)])
    })?;
    let held = newcomers.iter().flat_map(|newcomer| newcomer.role_ids.iter().map(|role| (newcomer.id, *role)));
    let (holders, roles): (Vec<Uuid>, Vec<Uuid>) = held.unzip();
    sqlx::query("INSERT INTO employee_role (employee_id, role_id) SELECT * FROM unnest($1::uuid[], $2::uuid[])")
        .bind(holders)
        .bind(roles)
        .execute(connection)
        .await?;
    Ok(())
}

/// Those of some employees whose first initial password is still in force.
pub async fn unchanged(connection: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar(
        "SELECT id FROM employee WHERE id = ANY($1) AND password_change_required AND NOT EXISTS (
             SELECT FROM audit_entry a
             WHERE a.subject_id = employee.id AND a.action = 'employee.password_reset')",
    )
    .bind(ids)
    .fetch_all(connection)
    .await?)
}
