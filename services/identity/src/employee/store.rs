//! All SQL of employees.

use chrono::{DateTime, Utc};
use contracts::identity::{Employee, EmployeeState};
use platform::access::{RowColumns, RowPredicate};
use platform::db::{author, timestamp};
use platform::error::{Error, Result, on_constraint};
use platform::filter::{EvalContext, OrderBy, Predicate, Value};
use platform::update;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgExecutor, Postgres, QueryBuilder, Row as _};
use uuid::Uuid;

use super::names;
use super::rules::Listed;
use crate::error;
use crate::role::presets::ADMINISTRATOR;

/// An employee is their own owner.
pub const ROWS: RowColumns = RowColumns { owner: "e.id", group: "e.group_id", shares: None };

const SELECT: &str = r#"
SELECT e.id, e.login_name, e.display_name, e.email, e.phone, e.group_id, g.name,
       ARRAY(SELECT r.id FROM employee_role h JOIN role r ON r.id = h.role_id WHERE h.employee_id = e.id ORDER BY r.id),
       ARRAY(SELECT r.name FROM employee_role h JOIN role r ON r.id = h.role_id WHERE h.employee_id = e.id ORDER BY r.id),
       e.state, e.password_change_required, e.locale, f.locked_until, e.last_sign_in_time,
       e.create_time, e.update_time, e.revision, e.sort_name, e.create_user_id, e.update_user_id
FROM employee e
LEFT JOIN employee_group g ON g.id = e.group_id
LEFT JOIN sign_in_failure f
    ON f.login_digest = sha256(convert_to(lower(e.login_name COLLATE "C"), 'UTF8')) AND f.locked_until > now()
WHERE "#;

fn listed(row: &PgRow) -> sqlx::Result<Listed> {
    let id = |index| row.try_get::<Uuid, _>(index).map(|id| id.to_string());
    let time = |index| row.try_get::<Option<DateTime<Utc>>, _>(index).map(|time| time.map(timestamp));
    let state = match row.try_get::<i16, _>(9)? {
        1 => EmployeeState::Active,
        _ => EmployeeState::Disabled,
    };
    let employee = Employee {
        id: id(0)?,
        login_name: row.try_get(1)?,
        display_name: row.try_get(2)?,
        email: row.try_get(3)?,
        phone: row.try_get(4)?,
        group_id: row.try_get::<Option<Uuid>, _>(5)?.map(|id| id.to_string()).unwrap_or_default(),
        group_name: row.try_get::<Option<String>, _>(6)?.unwrap_or_default(),
        role_ids: row.try_get::<Vec<Uuid>, _>(7)?.iter().map(Uuid::to_string).collect(),
        role_names: row.try_get(8)?,
        state: state.into(),
        password_change_required: row.try_get(10)?,
        locale: row.try_get(11)?,
        locked_until: time(12)?,
        last_sign_in_time: time(13)?,
        create_time: time(14)?,
        update_time: time(15)?,
        etag: update::etag(row.try_get(16)?),
        create_user_id: author(row, 18)?,
        update_user_id: author(row, 19)?,
    };
    Ok(Listed { employee, sort_name: row.try_get(17)? })
}

/// An employee among the rows that the caller may touch.
pub async fn employee_get(executor: impl PgExecutor<'_>, rows: &RowPredicate, id: Uuid) -> Result<Employee> {
    let mut query = QueryBuilder::new(SELECT);
    query.push("e.kind = 1 AND e.id = ").push_bind(id).push(" AND ");
    rows.push_sql(&mut query, ROWS);
    let row = query.build().fetch_optional(executor).await?.ok_or_else(Error::not_found)?;
    Ok(listed(&row)?.employee)
}

/// An employee whatever the caller may touch, for a caller who has just written it or who it is; service accounts, too.
pub async fn employee_read(executor: impl PgExecutor<'_>, id: Uuid) -> Result<Employee> {
    let mut query = QueryBuilder::new(SELECT);
    query.push("e.id = ").push_bind(id);
    let row = query.build().fetch_optional(executor).await?.ok_or_else(Error::not_found)?;
    Ok(listed(&row)?.employee)
}

pub struct Selection<'a> {
    pub rows: RowPredicate,
    pub predicate: &'a Predicate,
    pub context: &'a EvalContext,
    /// Part of a name; empty for all.
    pub part: &'a str,
    /// Members of these alone.
    pub groups: Option<Vec<Uuid>>,
    pub order: &'a OrderBy,
    pub after: Option<Vec<Value>>,
    pub limit: i64,
}

pub async fn employee_list(executor: impl PgExecutor<'_>, selection: Selection<'_>) -> Result<Vec<Listed>> {
    let mut query = QueryBuilder::new(SELECT);
    query.push("e.kind = 1 AND ");
    selection.rows.push_sql(&mut query, ROWS);
    query.push(" AND ");
    selection.predicate.push_sql(&mut query, selection.context);
    push_part(&mut query, selection.part);
    if let Some(groups) = selection.groups {
        query.push(" AND e.group_id = ANY(").push_bind(groups).push(")");
    }
    if let Some(after) = &selection.after {
        query.push(" AND ");
        selection
            .order
            .push_keyset_sql(&mut query, after)
            .map_err(|_| Error::invalid("page_token", &platform::error::reason::PAGE_TOKEN_INVALID))?;
    }
    query.push(" ORDER BY ");
    selection.order.push_order_sql(&mut query);
    query.push(" LIMIT ").push_bind(selection.limit);
    let rows = query.build().fetch_all(executor).await?;
    Ok(rows.iter().map(listed).collect::<sqlx::Result<_>>()?)
}

/// Narrows a query to people whose name, login name, pinyin or initials hold a part.
pub fn push_part(query: &mut QueryBuilder<Postgres>, part: &str) {
    let key = names::search_key(part);
    if !key.is_empty() {
        query.push(" AND strpos(e.search_text, ").push_bind(key).push(") > 0");
    }
}

pub struct Password<'a> {
    pub hash: &'a str,
    pub change_required: bool,
}

/// Writes a new employee; the roles follow by [`roles_replace`].
pub async fn employee_insert(
    connection: &mut PgConnection,
    id: Uuid,
    employee: &Employee,
    group_id: Option<Uuid>,
    password: Password<'_>,
    policy_revision: i64,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO employee (id, login_name, display_name, sort_name, search_text, email, phone, group_id, locale,
                               password_hash, password_change_required, policy_revision)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(id)
    .bind(&employee.login_name)
    .bind(&employee.display_name)
    .bind(names::sort_name(&employee.display_name))
    .bind(names::search_text(&employee.display_name, &employee.login_name))
    .bind(&employee.email)
    .bind(&employee.phone)
    .bind(group_id)
    .bind(&employee.locale)
    .bind(password.hash)
    .bind(password.change_required)
    .bind(policy_revision)
    .execute(connection)
    .await
    .map_err(refusal)?;
    Ok(())
}

fn refusal(error: sqlx::Error) -> Error {
    on_constraint(
        error,
        &[
            ("employee_login_name", || Error::already_exists("employee.login_name", &error::LOGIN_NAME_TAKEN)),
            ("employee_group_id", || Error::invalid("employee.group_id", &error::GROUP_UNKNOWN)),
        ],
    )
}

/// Writes all fields that an update may name, and raises the revision.
/// `by_self`: by whom it is about, whose word for an address proves nothing.
pub async fn employee_update(
    connection: &mut PgConnection,
    id: Uuid,
    employee: &Employee,
    group_id: Option<Uuid>,
    policy_revision: i64,
    by_self: bool,
) -> Result<i64> {
    sqlx::query_scalar(
        "UPDATE employee SET login_name = $2, display_name = $3, sort_name = $4, search_text = $5, email = $6,
                phone = $7, group_id = $8, locale = $9, update_time = now(), revision = revision + 1,
                policy_revision = $10, email_self_set = CASE WHEN email = $6 THEN email_self_set ELSE $11 END
         WHERE id = $1 RETURNING revision",
    )
    .bind(id)
    .bind(&employee.login_name)
    .bind(&employee.display_name)
    .bind(names::sort_name(&employee.display_name))
    .bind(names::search_text(&employee.display_name, &employee.login_name))
    .bind(&employee.email)
    .bind(&employee.phone)
    .bind(group_id)
    .bind(&employee.locale)
    .bind(policy_revision)
    .bind(by_self)
    .fetch_one(connection)
    .await
    .map_err(refusal)
}

/// Whoever uses a link that went to the address reads its mail.
pub async fn email_prove(connection: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query("UPDATE employee SET email_self_set = false WHERE id = $1").bind(id).execute(connection).await?;
    Ok(())
}

pub async fn roles_replace(connection: &mut PgConnection, id: Uuid, role_ids: &[Uuid]) -> Result<()> {
    sqlx::query("DELETE FROM employee_role WHERE employee_id = $1 AND role_id <> ALL($2)")
        .bind(id)
        .bind(role_ids)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT INTO employee_role (employee_id, role_id) SELECT $1, unnest($2::uuid[]) ON CONFLICT DO NOTHING",
    )
    .bind(id)
    .bind(role_ids)
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn state_set(
    connection: &mut PgConnection,
    id: Uuid,
    state: EmployeeState,
    policy_revision: i64,
) -> Result<i64> {
    Ok(sqlx::query_scalar(
        "UPDATE employee SET state = $2, update_time = now(), revision = revision + 1, policy_revision = $3
         WHERE id = $1 RETURNING revision",
    )
    .bind(id)
    .bind(state as i16)
    .bind(policy_revision)
    .fetch_one(connection)
    .await?)
}

/// Sets an initial password.
pub async fn password_reset(connection: &mut PgConnection, id: Uuid, hash: &str, policy_revision: i64) -> Result<i64> {
    Ok(sqlx::query_scalar(
        "UPDATE employee SET password_hash = $2, password_change_required = true, update_time = now(),
                revision = revision + 1, policy_revision = $3
         WHERE id = $1 RETURNING revision",
    )
    .bind(id)
    .bind(hash)
    .bind(policy_revision)
    .fetch_one(connection)
    .await?)
}

pub async fn employee_delete(connection: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query("DELETE FROM employee WHERE id = $1").bind(id).execute(connection).await?;
    Ok(())
}

/// Whether somebody has never signed in and has yet to choose a password.
pub async fn awaited(executor: impl PgExecutor<'_>, id: Uuid) -> Result<bool> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM employee WHERE id = $1 AND last_sign_in_time IS NULL AND password_change_required)",
    )
    .bind(id)
    .fetch_one(executor)
    .await?)
}

/// The login name of whoever is to enter an installation first: `first` where there is nobody, or the only one there is,
/// who has never signed in. Nothing where somebody has been.
pub async fn newcomer(executor: impl PgExecutor<'_>, first: &str) -> Result<Option<String>> {
    let people: Vec<(String, bool)> = sqlx::query_as(
        "SELECT login_name, last_sign_in_time IS NULL AND password_change_required FROM employee LIMIT 2",
    )
    .fetch_all(executor)
    .await?;
    Ok(match &people[..] {
        [] => Some(first.to_owned()),
        [(login_name, true)] => Some(login_name.clone()),
        _ => None,
    })
}

/// Whether an active person besides this one is an administrator.
pub async fn another_administrator(connection: &mut PgConnection, id: Uuid) -> Result<bool> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (
             SELECT FROM employee e
             JOIN employee_role h ON h.employee_id = e.id
             JOIN role r ON r.id = h.role_id
             WHERE r.preset = $2 AND e.state = 1 AND e.kind = 1 AND e.id <> $1)",
    )
    .bind(id)
    .bind(ADMINISTRATOR)
    .fetch_one(connection)
    .await?)
}
