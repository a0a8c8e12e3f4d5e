//! SQL of provisioning: lists, and what is kept for a client. Employees and groups themselves are written by their own
//! stores; `predicate` makes SQL of filters.

use chrono::{DateTime, Utc};
use contracts::identity::{Employee, EmployeeState};
use platform::db::timestamp;
use platform::error::{Error, Result};
use platform::update;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgExecutor, Postgres, QueryBuilder, Row as _};
use uuid::Uuid;

use super::filter::Filter;
use super::predicate::{group_column, push_filter, user_column};
use super::resource::{Group, Member, User};

/// A part of a list, by places as SCIM counts them.
pub struct Part<'a> {
    pub filter: Option<&'a Filter>,
    pub order: Option<&'static str>,
    pub descending: bool,
    /// From zero.
    pub offset: i64,
    pub limit: i64,
}

impl Part<'_> {
    fn push(&self, query: &mut QueryBuilder<Postgres>, id: &str) {
        query.push(" ORDER BY ");
        if let Some(order) = self.order {
            query.push(order).push(if self.descending { " DESC, " } else { ", " });
        }
        query.push(id).push(" LIMIT ").push_bind(self.limit).push(" OFFSET ").push_bind(self.offset);
    }
}

const USERS: &str = "
FROM employee e
LEFT JOIN employee_group g ON g.id = e.group_id AND g.parent_id IS NOT NULL
LEFT JOIN scim_user u ON u.employee_id = e.id
WHERE e.kind = 1 AND NOT coalesce(u.deleted, false)";

const USER: &str = "
SELECT e.id, e.login_name, e.display_name, e.email, e.phone, g.id, g.name, e.state, e.locale, e.create_time,
       e.update_time, e.revision, coalesce(u.external_id, ''),
       ARRAY(SELECT h.role_id FROM employee_role h WHERE h.employee_id = e.id ORDER BY h.role_id)";

fn user(row: &PgRow) -> sqlx::Result<User> {
    let time = |index| row.try_get::<DateTime<Utc>, _>(index).map(|time| Some(timestamp(time)));
    let state = match row.try_get::<i16, _>(7)? {
        1 => EmployeeState::Active,
        _ => EmployeeState::Disabled,
    };
    let employee = Employee {
        id: row.try_get::<Uuid, _>(0)?.to_string(),
        login_name: row.try_get(1)?,
        display_name: row.try_get(2)?,
        email: row.try_get(3)?,
        phone: row.try_get(4)?,
        group_id: row.try_get::<Option<Uuid>, _>(5)?.map(|id| id.to_string()).unwrap_or_default(),
        group_name: row.try_get::<Option<String>, _>(6)?.unwrap_or_default(),
        state: state.into(),
        locale: row.try_get(8)?,
        create_time: time(9)?,
        update_time: time(10)?,
        etag: update::etag(row.try_get(11)?),
        role_ids: row.try_get::<Vec<Uuid>, _>(13)?.iter().map(Uuid::to_string).collect(),
        ..Default::default()
    };
    Ok(User { employee, external_id: row.try_get(12)? })
}

pub async fn user_get(executor: impl PgExecutor<'_>, id: Uuid) -> Result<User> {
    let mut query = QueryBuilder::new(USER);
    query.push(USERS).push(" AND e.id = ").push_bind(id);
    let row = query.build().fetch_optional(executor).await?.ok_or_else(Error::not_found)?;
    Ok(user(&row)?)
}

/// How many there are, and those of a part.
pub async fn user_list(connection: &mut PgConnection, part: &Part<'_>) -> Result<(i64, Vec<User>)> {
    let narrowed = |select: &str| -> Result<QueryBuilder<Postgres>> {
        let mut query = QueryBuilder::new(select);
        query.push(USERS);
        if let Some(filter) = part.filter {
            query.push(" AND ");
            push_filter(&mut query, filter, None, user_column)?;
        }
        Ok(query)
    };
    let total: i64 = narrowed("SELECT count(*)")?.build_query_scalar().fetch_one(&mut *connection).await?;
    let mut query = narrowed(USER)?;
    part.push(&mut query, "e.id");
    let rows = query.build().fetch_all(connection).await?;
    Ok((total, rows.iter().map(user).collect::<sqlx::Result<_>>()?))
}

/// The employee of a login name whom a client has deleted.
pub async fn user_deleted(connection: &mut PgConnection, login_name: &str) -> Result<Option<Uuid>> {
    Ok(sqlx::query_scalar(
        r#"SELECT e.id FROM employee e JOIN scim_user u ON u.employee_id = e.id
           WHERE u.deleted AND lower(e.login_name COLLATE "C") = lower($1 COLLATE "C")"#,
    )
    .bind(login_name)
    .fetch_optional(connection)
    .await?)
}

pub async fn user_note(connection: &mut PgConnection, id: Uuid, external_id: &str, deleted: bool) -> Result<()> {
    sqlx::query(
        "INSERT INTO scim_user (employee_id, external_id, deleted) VALUES ($1, $2, $3)
         ON CONFLICT (employee_id) DO UPDATE SET external_id = $2, deleted = $3",
    )
    .bind(id)
    .bind(external_id)
    .bind(deleted)
    .execute(connection)
    .await?;
    Ok(())
}

/// Without the root: its members' scopes reach everything below, and it is the installation's own.
const GROUPS: &str = " FROM employee_group g LEFT JOIN scim_group x ON x.group_id = g.id WHERE g.parent_id IS NOT NULL";

/// Members in the order of their names.
const GROUP: &str = "
SELECT g.id, g.name, coalesce(x.external_id, ''), g.create_time, g.update_time,
       ARRAY(SELECT m.id FROM employee m LEFT JOIN scim_user u ON u.employee_id = m.id
             WHERE m.group_id = g.id AND m.kind = 1 AND NOT coalesce(u.deleted, false) ORDER BY m.sort_name, m.id),
       ARRAY(SELECT m.display_name FROM employee m LEFT JOIN scim_user u ON u.employee_id = m.id
             WHERE m.group_id = g.id AND m.kind = 1 AND NOT coalesce(u.deleted, false) ORDER BY m.sort_name, m.id)";

fn group(row: &PgRow) -> sqlx::Result<Group> {
    let time = |index| row.try_get::<DateTime<Utc>, _>(index).map(|time| Some(timestamp(time)));
    let (ids, names): (Vec<Uuid>, Vec<String>) = (row.try_get(5)?, row.try_get(6)?);
    let members = ids.into_iter().zip(names).map(|(id, display_name)| Member { id: id.to_string(), display_name });
    Ok(Group {
        id: row.try_get::<Uuid, _>(0)?.to_string(),
        name: row.try_get(1)?,
        external_id: row.try_get(2)?,
        create_time: time(3)?,
        update_time: time(4)?,
        members: members.collect(),
    })
}

pub async fn group_get(executor: impl PgExecutor<'_>, id: Uuid) -> Result<Group> {
    let mut query = QueryBuilder::new(GROUP);
    query.push(GROUPS).push(" AND g.id = ").push_bind(id);
    let row = query.build().fetch_optional(executor).await?.ok_or_else(Error::not_found)?;
    Ok(group(&row)?)
}

pub async fn group_list(connection: &mut PgConnection, part: &Part<'_>) -> Result<(i64, Vec<Group>)> {
    let narrowed = |select: &str| -> Result<QueryBuilder<Postgres>> {
        let mut query = QueryBuilder::new(select);
        query.push(GROUPS);
        if let Some(filter) = part.filter {
            query.push(" AND ");
            push_filter(&mut query, filter, None, group_column)?;
        }
        Ok(query)
    };
    let total: i64 = narrowed("SELECT count(*)")?.build_query_scalar().fetch_one(&mut *connection).await?;
    let mut query = narrowed(GROUP)?;
    part.push(&mut query, "g.id");
    let rows = query.build().fetch_all(connection).await?;
    Ok((total, rows.iter().map(group).collect::<sqlx::Result<_>>()?))
}

pub async fn group_note(connection: &mut PgConnection, id: Uuid, external_id: &str) -> Result<()> {
    sqlx::query(
        "INSERT INTO scim_group (group_id, external_id) VALUES ($1, $2)
         ON CONFLICT (group_id) DO UPDATE SET external_id = $2",
    )
    .bind(id)
    .bind(external_id)
    .execute(connection)
    .await?;
    Ok(())
}

/// Those of the ids that are people whom a client can see.
pub async fn people(connection: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar(
        "SELECT e.id FROM employee e LEFT JOIN scim_user u ON u.employee_id = e.id
         WHERE e.id = ANY($1) AND e.kind = 1 AND NOT coalesce(u.deleted, false)",
    )
    .bind(ids)
    .fetch_all(connection)
    .await?)
}

/// Puts people into a group, or outside of all; answers each with the new revision.
pub async fn members_move(
    connection: &mut PgConnection,
    ids: &[Uuid],
    group_id: Option<Uuid>,
    policy_revision: i64,
) -> Result<Vec<(Uuid, i64, bool)>> {
    Ok(sqlx::query_as(
        "UPDATE employee SET group_id = $2, update_time = now(), revision = revision + 1, policy_revision = $3
         WHERE id = ANY($1) AND kind = 1 AND group_id IS DISTINCT FROM $2 RETURNING id, revision, state = 1",
    )
    .bind(ids)
    .bind(group_id)
    .bind(policy_revision)
    .fetch_all(connection)
    .await?)
}

/// An id as a path or a member names it: one that is none names nothing.
pub fn id(text: &str) -> Result<Uuid> {
    text.parse().map_err(|_| Error::not_found())
}
