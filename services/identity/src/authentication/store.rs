//! All SQL of passwords at sign-in.

use chrono::{DateTime, Utc};
use platform::error::Result;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

pub struct Credentials {
    pub employee_id: Uuid,
    pub login_name: String,
    pub password_hash: String,
    pub password_change_required: bool,
    /// May sign in: a person who is not disabled.
    pub active: bool,
    /// A password is not enough.
    pub second_factor_set: bool,
}

type CredentialsRow = (Uuid, String, String, bool, bool, bool);

impl From<CredentialsRow> for Credentials {
    fn from(row: CredentialsRow) -> Self {
        let (employee_id, login_name, password_hash, password_change_required, active, second_factor_set) = row;
        Self { employee_id, login_name, password_hash, password_change_required, active, second_factor_set }
    }
}

pub async fn credentials_by_login(executor: impl PgExecutor<'_>, login_name: &str) -> Result<Option<Credentials>> {
    let row: Option<CredentialsRow> = sqlx::query_as(
        r#"SELECT id, login_name, password_hash, password_change_required, state = 1, second_factor_set
           FROM employee WHERE lower(login_name COLLATE "C") = lower($1 COLLATE "C") AND kind = 1"#,
    )
    .bind(login_name)
    .fetch_optional(executor)
    .await?;
    Ok(row.map(Credentials::from))
}

pub async fn credentials(executor: impl PgExecutor<'_>, employee_id: Uuid) -> Result<Option<Credentials>> {
    let row: Option<CredentialsRow> = sqlx::query_as(
        "SELECT id, login_name, password_hash, password_change_required, state = 1 AND kind = 1, second_factor_set
         FROM employee WHERE id = $1",
    )
    .bind(employee_id)
    .fetch_optional(executor)
    .await?;
    Ok(row.map(Credentials::from))
}

/// Notes a sign-in, where there is one, with a fresh hash where there is one. False when the password was replaced or the employee disabled
/// since the credentials were read.
pub async fn signed_in(
    connection: &mut PgConnection,
    credentials: &Credentials,
    new_hash: Option<&str>,
    time: Option<DateTime<Utc>>,
) -> Result<bool> {
    let updated = sqlx::query(
        "UPDATE employee SET last_sign_in_time = coalesce($3, last_sign_in_time), password_hash = coalesce($4, password_hash)
         WHERE id = $1 AND password_hash = $2 AND state = 1",
    )
    .bind(credentials.employee_id)
    .bind(&credentials.password_hash)
    .bind(time)
    .bind(new_hash)
    .execute(connection)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// Replaces the password that the credentials hold; answers the employee's new revision and group. Nothing when it was
/// replaced meanwhile.
pub async fn password_replace(
    connection: &mut PgConnection,
    credentials: &Credentials,
    new_hash: &str,
    policy_revision: i64,
) -> Result<Option<(i64, Option<Uuid>)>> {
    Ok(sqlx::query_as(
        "UPDATE employee SET password_hash = $3, password_change_required = false, update_time = now(),
                revision = revision + 1, policy_revision = $4
         WHERE id = $1 AND password_hash = $2 AND state = 1
         RETURNING revision, group_id",
    )
    .bind(credentials.employee_id)
    .bind(&credentials.password_hash)
    .bind(new_hash)
    .bind(policy_revision)
    .fetch_optional(connection)
    .await?)
}
