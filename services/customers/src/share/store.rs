//! All SQL of shares. Each query joins the customer `c` and holds its row predicate.

use chrono::{DateTime, Utc};
use contracts::customers::Share;
use platform::access::{Policy, RowPredicate};
use platform::db::Pool;
use platform::db::{author, timestamp};
use platform::error::{Error, Result, on_constraint};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, QueryBuilder, Row};
use uuid::Uuid;

use crate::error::reason;
use crate::parent::CUSTOMER_ROWS;

/// Whom a customer is lent to.
#[derive(Debug, Clone, Copy)]
pub enum Subject {
    Employee(Uuid),
    Group(Uuid),
}

fn share(row: &PgRow, policy: &Policy) -> sqlx::Result<Share> {
    let (employee_id, group_id): (Option<Uuid>, Option<Uuid>) = (row.try_get(2)?, row.try_get(3)?);
    let name = match (employee_id, group_id) {
        (Some(id), _) => policy.employee_name(id),
        (_, Some(id)) => policy.group_name(id),
        _ => "",
    };
    Ok(Share {
        id: row.try_get::<Uuid, _>(0)?.to_string(),
        customer_id: row.try_get::<Uuid, _>(1)?.to_string(),
        employee_id: employee_id.map(|id| id.to_string()).unwrap_or_default(),
        group_id: group_id.map(|id| id.to_string()).unwrap_or_default(),
        subject_name: name.to_owned(),
        expire_time: row.try_get::<Option<DateTime<Utc>>, _>(4)?.map(timestamp),
        create_time: Some(timestamp(row.try_get(5)?)),
        create_user_id: author(row, 6)?,
    })
}

/// The shares of a customer as they were made; those that have expired too, so that they can be seen and renewed.
pub async fn share_list(
    pool: &Pool,
    policy: &Policy,
    rows: &RowPredicate,
    customer_id: Uuid,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Share>> {
    let mut sql = QueryBuilder::new(
        "SELECT s.id, s.record_id, s.employee_id, s.group_id, s.expire_time, s.create_time, s.create_user_id
         FROM customer_share s JOIN customer c ON c.id = s.record_id WHERE c.id = ",
    );
    sql.push_bind(customer_id).push(" AND ");
    rows.push_sql(&mut sql, CUSTOMER_ROWS);
    if let Some(id) = after {
        sql.push(" AND s.id > ").push_bind(id);
    }
    sql.push(" ORDER BY s.id LIMIT ").push_bind(limit);
    let rows = sql.build().fetch_all(pool).await?;
    Ok(rows.iter().map(|row| share(row, policy)).collect::<sqlx::Result<_>>()?)
}

pub async fn share_insert(
    connection: &mut PgConnection,
    policy: &Policy,
    (id, customer_id): (Uuid, Uuid),
    subject: Subject,
    expire_time: Option<DateTime<Utc>>,
) -> Result<Share> {
    let (employee_id, group_id) = match subject {
        Subject::Employee(id) => (Some(id), None),
        Subject::Group(id) => (None, Some(id)),
    };
    let row = sqlx::query(
        "INSERT INTO customer_share (id, record_id, employee_id, group_id, expire_time) VALUES ($1, $2, $3, $4, $5)
         RETURNING id, record_id, employee_id, group_id, expire_time, create_time, create_user_id",
    )
    .bind(id)
    .bind(customer_id)
    .bind(employee_id)
    .bind(group_id)
    .bind(expire_time)
    .fetch_one(connection)
    .await
    .map_err(|error| on_constraint(error, &[("customer_share_key", taken)]))?;
    Ok(share(&row, policy)?)
}

fn taken() -> Error {
    Error::already_exists("share", &reason::SHARE_TAKEN)
}

/// Takes a share of a customer back that the rows cover.
pub async fn share_delete(
    connection: &mut PgConnection,
    policy: &Policy,
    rows: &RowPredicate,
    id: Uuid,
) -> Result<Share> {
    let mut sql =
        QueryBuilder::new("DELETE FROM customer_share s USING customer c WHERE c.id = s.record_id AND s.id = ");
    sql.push_bind(id).push(" AND ");
    rows.push_sql(&mut sql, CUSTOMER_ROWS);
    sql.push(" RETURNING s.id, s.record_id, s.employee_id, s.group_id, s.expire_time, s.create_time, s.create_user_id");
    let row = sql.build().fetch_optional(connection).await?.ok_or_else(Error::not_found)?;
    Ok(share(&row, policy)?)
}
