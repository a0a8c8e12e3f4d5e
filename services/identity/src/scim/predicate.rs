//! Filters as SQL: attributes become columns of ours, values are bound.

use chrono::{DateTime, Utc};
use contracts::options::PersonalData;
use platform::error::{Error, Result, reason};
use serde_json::Value;
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::filter::{Filter, Op};

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
        // As the unique index has it.
        "username" => (r#"e.login_name COLLATE "C""#, Kind::Text),
        "displayname" | "name.formatted" => ("e.display_name", Kind::Text),
        "externalid" => ("coalesce(u.external_id, '')", Kind::Exact),
        "active" => ("(e.state = 1)", Kind::Truth),
        "emails" | "emails.value" => ("e.email", Kind::Text),
        "emails.type" => ("CASE WHEN e.email <> '' THEN 'work' ELSE '' END", Kind::Text),
        "emails.primary" => ("(e.email <> '')", Kind::Truth),
        "phonenumbers" | "phonenumbers.value" => ("e.phone", Kind::Text),
        "phonenumbers.type" => ("CASE WHEN e.phone <> '' THEN 'work' ELSE '' END", Kind::Text),
        "preferredlanguage" => ("e.locale", Kind::Text),
        "groups" | "groups.value" => ("coalesce(g.id::text, '')", Kind::Exact),
        "groups.display" => ("coalesce(g.name, '')", Kind::Text),
        "meta.created" => ("e.create_time", Kind::Time),
        "meta.lastmodified" => ("e.update_time", Kind::Time),
        _ => return None,
    })
}

/// What kind of personal data a user's attribute holds, by its name in lower case.
pub fn personal(attribute: &str) -> Option<PersonalData> {
    match attribute.split('.').next() {
        Some("emails") => Some(PersonalData::Email),
        Some("phonenumbers") => Some(PersonalData::Phone),
        _ => None,
    }
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
                Op::Eq | Op::Ne => query.push(column).push(sign).push_bind(text),
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

/// The order of a list, by an attribute.
pub fn order(attribute: &str, columns: Columns) -> Result<Option<&'static str>> {
    if attribute.is_empty() {
        return Ok(None);
    }
    let column = columns(&super::filter::attribute(attribute)).map(|(column, _)| Some(column));
    column.ok_or_else(|| Error::invalid("sort_by", &reason::VALUE_INVALID))
}
