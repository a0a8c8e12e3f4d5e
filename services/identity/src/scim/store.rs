//! SQL of provisioning: filters as predicates, and what is kept for a client. Employees and groups themselves are written
//! by their own stores.

use chrono::{DateTime, Utc};
use contracts::identity::{Employee, EmployeeState};
use platform::db::timestamp;
use platform::error::{Error, Result, reason};
use platform::update;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgExecutor, Postgres, QueryBuilder, Row as _};
use uuid::Uuid;

use super::filter::{Filter, Op};
use super::resource::{Group, Member, User};

/// What a column holds.
#[derive(Clone, Copy)]
pub enum Kind {
    /// Compared without regard to case.
    Text,
    Exact,
    Truth,
    Time,
}

pub type Columns = fn(&str) -> Option<(&'static str, Kind)>;

/// The column of a user's attribute, by its name in lower case.
pub fn user_column(attribute: &str) -> Option<(&'static str, Kind)> {
    Some(match attribute {
        "id" => ("e.id::text", Kind::Exact),
        "username" => ("e.login_name", Kind::Text),
        "displayname" | "name.formatted" => ("e.display_name", Kind::Text),
        "externalid" => ("coalesce(u.external_id, '')", Kind::Exact),
        "active" => ("(e.state = 1)", Kind::Truth),
        "emails" | "emails.value" => ("e.email", Kind::Text),
        "emails.type" => ("CASE WHEN e.email <> '' THEN 'work' ELSE '' END", Kind::Text),
        "emails.primary" => ("(e.email <> '')", Kind::Truth),
        "phonenumbers" | "phonenumbers.value" => ("e.phone", Kind::Text),
        "phonenumbers.type" => ("CASE WHEN e.phone <> '' THEN 'work' ELSE '' END", Kind::Text),
        "preferredlanguage" => ("e.locale", Kind::Text),
        "groups" | "groups.value" => ("coalesce(e.group_id::text, '')", Kind::Exact),
        "groups.display" => ("coalesce(g.name, '')", Kind::Text),
        "meta.created" => ("e.create_time", Kind::Time),
        "meta.lastmodified" => ("e.update_time", Kind::Time),
        _ => return None,
    })
}

/// The same of a group. Members are asked for by `eq` alone.
pub fn group_column(attribute: &str) -> Option<(&'static str, Kind)> {
    Some(match attribute {
        "id" => ("g.id::text", Kind::Exact),
        "displayname" => ("g.name", Kind::Text),
        "externalid" => ("coalesce(x.external_id, '')", Kind::Exact),
        "meta.created" => ("g.create_time", Kind::Time),
        "meta.lastmodified" => ("g.update_time", Kind::Time),
        _ => return None,
    })
}

fn refused() -> Error {
    Error::invalid("filter", &crate::error::SCIM_FILTER_INVALID)
}

/// Writes a filter as a boolean expression. Columns are ours, values are bound.
pub fn push_filter(
    query: &mut QueryBuilder<Postgres>,
    filter: &Filter,
    above: Option<&str>,
    columns: Columns,
) -> Result<()> {
    let full = |name: &str| above.map_or_else(|| name.to_owned(), |above| format!("{above}.{name}"));
    let pair = |query: &mut QueryBuilder<Postgres>, left, word: &str, right| -> Result<()> {
        query.push("(");
        push_filter(query, left, above, columns)?;
        query.push(word);
        push_filter(query, right, above, columns)?;
        query.push(")");
        Ok(())
    };
    match filter {
        Filter::And(left, right) => pair(query, left, " AND ", right),
        Filter::Or(left, right) => pair(query, left, " OR ", right),
        Filter::Not(inner) => {
            query.push("NOT (");
            push_filter(query, inner, above, columns)?;
            query.push(")");
            Ok(())
        }
        // What we keep of a list is one element at most, so a filter of elements is one of the record.
        Filter::Each(name, inner) if above.is_none() => push_filter(query, inner, Some(name), columns),
        Filter::Each(..) => Err(refused()),
        Filter::Present(name) => {
            let (column, kind) = columns(&full(name)).ok_or_else(refused)?;
            match kind {
                Kind::Text | Kind::Exact => query.push(column).push(" <> ''"),
                Kind::Truth | Kind::Time => query.push("TRUE"),
            };
            Ok(())
        }
        Filter::Compare(name, op, value) => {
            let name = full(name);
            if let ("members" | "members.value", Op::Eq, Value::String(id)) = (name.as_str(), op, value)
                && columns("active").is_none()
            {
                let member = id.parse::<Uuid>().unwrap_or_default();
                query.push("EXISTS (SELECT FROM employee m WHERE m.group_id = g.id AND m.kind = 1 AND m.id = ");
                query.push_bind(member).push(")");
                return Ok(());
            }
            let (column, kind) = columns(&name).ok_or_else(refused)?;
            push_comparison(query, column, kind, *op, value)
        }
    }
}

fn push_comparison(
    query: &mut QueryBuilder<Postgres>,
    column: &'static str,
    kind: Kind,
    op: Op,
    value: &Value,
) -> Result<()> {
    let sign = match op {
        Op::Eq => " = ",
        Op::Ne => " <> ",
        Op::Gt => " > ",
        Op::Ge => " >= ",
        Op::Lt => " < ",
        Op::Le => " <= ",
        Op::Co | Op::Sw | Op::Ew => "",
    };
    match (kind, value) {
        (Kind::Truth, value) if matches!(op, Op::Eq | Op::Ne) => {
            let truth = match value {
                Value::Bool(truth) => *truth,
                Value::String(text) => text.to_ascii_lowercase().parse().map_err(|_| refused())?,
                _ => return Err(refused()),
            };
            query.push(column).push(sign).push_bind(truth);
        }
        (Kind::Time, Value::String(text)) if !sign.is_empty() => {
            let time = DateTime::parse_from_rfc3339(text).map_err(|_| refused())?;
            query.push(column).push(sign).push_bind(time.with_timezone(&Utc));
        }
        (Kind::Text | Kind::Exact, Value::String(text)) if !text.contains('\0') => {
            let (column, text) = match kind {
                Kind::Text => (format!("lower({column})"), text.to_lowercase()),
                _ => (column.to_owned(), text.clone()),
            };
            match op {
                Op::Co => query.push("strpos(").push(column).push(", ").push_bind(text).push(") > 0"),
                Op::Sw => query.push("starts_with(").push(column).push(", ").push_bind(text).push(")"),
                Op::Ew => {
                    let length = i32::try_from(text.chars().count()).unwrap_or(i32::MAX);
                    query.push("right(").push(column).push(", ").push_bind(length).push(") = ").push_bind(text)
                }
                _ => query.push(column).push(r#" COLLATE "C""#).push(sign).push_bind(text),
            };
        }
        (_, Value::Null) if op == Op::Eq => {
            query.push(column).push(" IS NULL");
        }
        (_, Value::Null) if op == Op::Ne => {
            query.push(column).push(" IS NOT NULL");
        }
        _ => return Err(refused()),
    }
    Ok(())
}

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
LEFT JOIN employee_group g ON g.id = e.group_id
LEFT JOIN scim_user u ON u.employee_id = e.id
WHERE e.kind = 1 AND NOT coalesce(u.deleted, false)";

const USER: &str = "
SELECT e.id, e.login_name, e.display_name, e.email, e.phone, e.group_id, g.name, e.state, e.locale, e.create_time,
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

const GROUPS: &str = " FROM employee_group g LEFT JOIN scim_group x ON x.group_id = g.id WHERE TRUE";

/// Members in the order of their names.
const GROUP: &str = "
SELECT g.id, g.name, coalesce(x.external_id, ''), g.create_time, g.update_time, g.revision,
       ARRAY(SELECT m.id FROM employee m LEFT JOIN scim_user u ON u.employee_id = m.id
             WHERE m.group_id = g.id AND m.kind = 1 AND NOT coalesce(u.deleted, false) ORDER BY m.sort_name, m.id),
       ARRAY(SELECT m.display_name FROM employee m LEFT JOIN scim_user u ON u.employee_id = m.id
             WHERE m.group_id = g.id AND m.kind = 1 AND NOT coalesce(u.deleted, false) ORDER BY m.sort_name, m.id)";

fn group(row: &PgRow) -> sqlx::Result<Group> {
    let time = |index| row.try_get::<DateTime<Utc>, _>(index).map(|time| Some(timestamp(time)));
    let (ids, names): (Vec<Uuid>, Vec<String>) = (row.try_get(6)?, row.try_get(7)?);
    let members = ids.into_iter().zip(names).map(|(id, display_name)| Member { id: id.to_string(), display_name });
    Ok(Group {
        id: row.try_get::<Uuid, _>(0)?.to_string(),
        name: row.try_get(1)?,
        external_id: row.try_get(2)?,
        create_time: time(3)?,
        update_time: time(4)?,
        etag: update::etag(row.try_get(5)?),
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

/// The order of a list, by an attribute.
pub fn order(attribute: &str, columns: Columns) -> Result<Option<&'static str>> {
    if attribute.is_empty() {
        return Ok(None);
    }
    let column = columns(&super::filter::attribute(attribute)).map(|(column, _)| Some(column));
    column.ok_or_else(|| Error::invalid("sort_by", &reason::VALUE_INVALID))
}
