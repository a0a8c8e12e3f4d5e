//! All SQL of relations. A relation has two ends; who asks from one end sees the other one only if its row is covered.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use contracts::customers::{Relation, RelationType};
use platform::access::RowPredicate;
use platform::db::Pool;
use platform::db::{author, timestamp};
use platform::error::{Error, Result, on_constraint};
use platform::update::etag;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::rules::Stored;
use crate::error::reason;
use crate::parent::CUSTOMER_ROWS;
use crate::period::{Period, text};

/// From either end, oldest first. Served by `relation_customer` and `relation_related`. `today`: those that were over
/// before are left out. Nobody is related to a customer that another one took over: the relations are the survivor's.
pub async fn relation_list(
    pool: &Pool,
    rows: &RowPredicate,
    (customer_id, today): (Uuid, Option<NaiveDate>),
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Relation>> {
    let mut query = QueryBuilder::<Postgres>::new(
        "SELECT r.id, r.type, r.other_id, c.name, r.inverse, r.remark, r.valid_from, r.valid_until, r.create_time,
             r.update_time, r.revision, r.create_user_id, r.update_user_id
         FROM (SELECT relation.*, related_id AS other_id, false AS inverse FROM relation WHERE customer_id = ",
    );
    query.push_bind(customer_id).push(" UNION ALL SELECT relation.*, customer_id, type <> ");
    query.push_bind(RelationType::Household as i16).push(" FROM relation WHERE related_id = ").push_bind(customer_id);
    query.push(") AS r JOIN customer AS c ON c.id = r.other_id AND c.merged_into_id IS NULL WHERE ");
    rows.push_sql(&mut query, CUSTOMER_ROWS);
    push_not_over(&mut query, today);
    if let Some(after) = after {
        query.push(" AND r.id > ").push_bind(after);
    }
    query.push(" ORDER BY r.id LIMIT ").push_bind(limit);
    let customer = customer_id.to_string();
    let mut relations = Vec::new();
    for row in query.build().fetch_all(pool).await? {
        relations.push(Relation {
            id: row.try_get::<Uuid, _>(0)?.to_string(),
            r#type: row.try_get::<i16, _>(1)?.into(),
            customer_id: customer.clone(),
            related_customer_id: row.try_get::<Uuid, _>(2)?.to_string(),
            related_customer_name: row.try_get(3)?,
            inverse: row.try_get(4)?,
            remark: row.try_get(5)?,
            valid_from: text(row.try_get(6)?),
            valid_until: text(row.try_get(7)?),
            create_time: Some(timestamp(row.try_get(8)?)),
            update_time: Some(timestamp(row.try_get(9)?)),
            etag: etag(row.try_get(10)?),
            create_user_id: author(&row, 11)?,
            update_user_id: author(&row, 12)?,
        });
    }
    Ok(relations)
}

fn push_not_over(query: &mut QueryBuilder<Postgres>, today: Option<NaiveDate>) {
    if let Some(today) = today {
        query.push(" AND (r.valid_until IS NULL OR r.valid_until >= ").push_bind(today).push(")");
    }
}

/// Relations that one of the customers stands in, to customers that the predicate covers.
pub async fn edges(
    connection: &mut PgConnection,
    rows: &RowPredicate,
    of: &[Uuid],
    today: Option<NaiveDate>,
    limit: i64,
) -> Result<Vec<Stored>> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT ");
    query.push(COLUMNS).push(" FROM (SELECT * FROM relation WHERE customer_id = ANY(").push_bind(of);
    query.push(") UNION SELECT * FROM relation WHERE related_id = ANY(").push_bind(of).push(")) AS r WHERE ");
    push_covered(&mut query, rows, "r.customer_id");
    query.push(" AND ");
    push_covered(&mut query, rows, "r.related_id");
    push_not_over(&mut query, today);
    query.push(" ORDER BY r.id LIMIT ").push_bind(limit);
    let rows = query.build().fetch_all(connection).await?;
    Ok(rows.iter().map(stored).collect::<sqlx::Result<_>>()?)
}

/// Of customers that are known to be covered: name, kind and level.
pub async fn customer_heads(
    connection: &mut PgConnection,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, (String, i16, String)>> {
    let rows: Vec<(Uuid, String, i16, String)> =
        sqlx::query_as("SELECT id, name, kind, level FROM customer WHERE id = ANY($1)")
            .bind(ids)
            .fetch_all(connection)
            .await?;
    Ok(rows.into_iter().map(|(id, name, kind, level)| (id, (name, kind, level))).collect())
}

/// The name of a customer that the predicate covers.
pub async fn customer_name(connection: &mut PgConnection, rows: &RowPredicate, id: Uuid) -> Result<Option<String>> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT c.name FROM customer AS c WHERE c.id = ");
    query.push_bind(id).push(" AND ");
    rows.push_sql(&mut query, CUSTOMER_ROWS);
    Ok(query.build_query_scalar().fetch_optional(connection).await?)
}

/// One row a pair, from whichever end it is made. A household has no direction, so its row starts from the lesser id
/// and the constraint finds the pair again. The time of it.
pub async fn relation_insert(connection: &mut PgConnection, new: &Stored) -> Result<prost_types::Timestamp> {
    let swapped = new.relation_type == RelationType::Household && new.related_id < new.customer_id;
    let (first, second) = if swapped { (new.related_id, new.customer_id) } else { (new.customer_id, new.related_id) };
    let time = sqlx::query_scalar(
        "INSERT INTO relation (id, customer_id, related_id, type, remark, valid_from, valid_until)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         RETURNING create_time",
    )
    .bind(new.id)
    .bind(first)
    .bind(second)
    .bind(new.relation_type as i16)
    .bind(&new.remark)
    .bind(new.period.from)
    .bind(new.period.until)
    .fetch_one(connection)
    .await
    .map_err(|error| {
        let exists = || Error::already_exists("related_customer_id", &reason::RELATION_EXISTS);
        on_constraint(error, &[("relation_pair", exists)])
    })?;
    Ok(timestamp(time))
}

const COLUMNS: &str = "r.id, r.type, r.customer_id, r.related_id, r.remark, r.valid_from, r.valid_until";

fn stored(row: &PgRow) -> sqlx::Result<Stored> {
    Ok(Stored {
        id: row.try_get(0)?,
        relation_type: RelationType::try_from(i32::from(row.try_get::<i16, _>(1)?)).unwrap_or_default(),
        customer_id: row.try_get(2)?,
        related_id: row.try_get(3)?,
        remark: row.try_get(4)?,
        period: Period { from: row.try_get(5)?, until: row.try_get(6)? },
    })
}

/// A relation with its revision, held until the transaction ends, if the caller may change one of its ends and see the
/// other.
pub async fn relation_lock(
    connection: &mut PgConnection,
    changeable: &RowPredicate,
    visible: &RowPredicate,
    id: Uuid,
) -> Result<(Stored, i64)> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT ");
    query.push(COLUMNS).push(", r.revision FROM relation AS r WHERE r.id = ").push_bind(id);
    for (connective, change, see) in
        [("AND (", "r.customer_id", "r.related_id"), ("OR", "r.related_id", "r.customer_id")]
    {
        query.push(" ").push(connective).push(" ");
        push_covered(&mut query, changeable, change);
        query.push(" AND ");
        push_covered(&mut query, visible, see);
    }
    query.push(") FOR UPDATE OF r");
    let row = query.build().fetch_optional(connection).await?.ok_or_else(Error::not_found)?;
    Ok((stored(&row)?, row.try_get(7)?))
}

pub async fn relation_delete(connection: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query("DELETE FROM relation WHERE id = $1").bind(id).execute(connection).await?;
    Ok(())
}

/// What is kept of a relation beside what it says.
#[derive(FromRow)]
pub struct Kept {
    pub create_time: DateTime<Utc>,
    pub update_time: DateTime<Utc>,
    pub revision: i64,
    pub create_user_id: Option<Uuid>,
    pub update_user_id: Option<Uuid>,
}

/// Writes a locked relation.
pub async fn relation_update(connection: &mut PgConnection, after: &Stored) -> Result<Kept> {
    sqlx::query_as(
        "UPDATE relation
         SET remark = $2, valid_from = $3, valid_until = $4, update_time = now(), revision = revision + 1
         WHERE id = $1
         RETURNING create_time, update_time, revision, create_user_id, update_user_id",
    )
    .bind(after.id)
    .bind(&after.remark)
    .bind(after.period.from)
    .bind(after.period.until)
    .fetch_one(connection)
    .await
    .map_err(|error| {
        let exists = || Error::already_exists("relation.valid_until", &reason::RELATION_EXISTS);
        on_constraint(error, &[("relation_pair", exists)])
    })
}

fn push_covered(query: &mut QueryBuilder<Postgres>, rows: &RowPredicate, end: &'static str) {
    query.push("EXISTS (SELECT FROM customer AS c WHERE c.merged_into_id IS NULL AND c.id = ").push(end).push(" AND ");
    rows.push_sql(query, CUSTOMER_ROWS);
    query.push(")");
}
