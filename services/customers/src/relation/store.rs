//! All SQL of relations. A relation has two ends; who asks from one end sees the other one only if its row is covered.

use contracts::customers::{Relation, RelationType};
use platform::access::RowPredicate;
use platform::db::Pool;
use platform::db::{author, timestamp};
use platform::error::{Error, Result, on_constraint};
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use crate::error::reason;
use crate::parent::CUSTOMER_ROWS;

/// From either end, oldest first. Served by `relation_pair` and `relation_related`.
pub async fn relation_list(
    pool: &Pool,
    rows: &RowPredicate,
    customer_id: Uuid,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Relation>> {
    let mut query = QueryBuilder::<Postgres>::new(
        "SELECT r.id, r.type, r.other_id, c.name, r.inverse, r.remark, r.create_time, r.create_user_id
         FROM (
             SELECT id, type, related_id AS other_id, false AS inverse, remark, create_time, create_user_id
             FROM relation WHERE customer_id = ",
    );
    query.push_bind(customer_id).push(" UNION ALL SELECT id, type, customer_id, type <> ");
    query.push_bind(RelationType::Household as i16);
    query.push(", remark, create_time, create_user_id FROM relation WHERE related_id = ").push_bind(customer_id);
    query.push(") AS r JOIN customer AS c ON c.id = r.other_id WHERE ");
    rows.push_sql(&mut query, CUSTOMER_ROWS);
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
            create_time: Some(timestamp(row.try_get(6)?)),
            create_user_id: author(&row, 7)?,
        });
    }
    Ok(relations)
}

/// The name of a customer that the predicate covers.
pub async fn customer_name(connection: &mut PgConnection, rows: &RowPredicate, id: Uuid) -> Result<Option<String>> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT c.name FROM customer AS c WHERE c.id = ");
    query.push_bind(id).push(" AND ");
    rows.push_sql(&mut query, CUSTOMER_ROWS);
    Ok(query.build_query_scalar().fetch_optional(connection).await?)
}

/// One row a pair, from whichever end it is made. A household has no direction, so its row starts from the lesser id
/// and the constraint finds the pair again.
pub async fn relation_insert(
    connection: &mut PgConnection,
    id: Uuid,
    relation_type: RelationType,
    (customer_id, related_id): (Uuid, Uuid),
    remark: &str,
) -> Result<prost_types::Timestamp> {
    let swapped = relation_type == RelationType::Household && related_id < customer_id;
    let (first, second) = if swapped { (related_id, customer_id) } else { (customer_id, related_id) };
    let time = sqlx::query_scalar(
        "INSERT INTO relation (id, customer_id, related_id, type, remark) VALUES ($1, $2, $3, $4, $5)
         RETURNING create_time",
    )
    .bind(id)
    .bind(first)
    .bind(second)
    .bind(relation_type as i16)
    .bind(remark)
    .fetch_one(connection)
    .await
    .map_err(|error| {
        let exists = || Error::already_exists("related_customer_id", &reason::RELATION_EXISTS);
        on_constraint(error, &[("relation_pair", exists)])
    })?;
    Ok(timestamp(time))
}

/// A relation under deletion.
pub struct Ends {
    pub relation_type: RelationType,
    pub customer_id: Uuid,
    pub related_id: Uuid,
    pub remark: String,
}

/// Takes the relation away if the caller may change one of its ends and see the other.
pub async fn relation_delete(
    connection: &mut PgConnection,
    changeable: &RowPredicate,
    visible: &RowPredicate,
    id: Uuid,
) -> Result<Ends> {
    let mut query = QueryBuilder::<Postgres>::new("DELETE FROM relation AS r WHERE r.id = ");
    query.push_bind(id);
    for (connective, change, see) in
        [("AND (", "r.customer_id", "r.related_id"), ("OR", "r.related_id", "r.customer_id")]
    {
        query.push(" ").push(connective).push(" ");
        push_covered(&mut query, changeable, change);
        query.push(" AND ");
        push_covered(&mut query, visible, see);
    }
    query.push(") RETURNING r.type, r.customer_id, r.related_id, r.remark");
    let row = query.build().fetch_optional(connection).await?.ok_or_else(Error::not_found)?;
    Ok(Ends {
        relation_type: RelationType::try_from(i32::from(row.try_get::<i16, _>(0)?)).unwrap_or_default(),
        customer_id: row.try_get(1)?,
        related_id: row.try_get(2)?,
        remark: row.try_get(3)?,
    })
}

fn push_covered(query: &mut QueryBuilder<Postgres>, rows: &RowPredicate, end: &'static str) {
    query.push("EXISTS (SELECT FROM customer AS c WHERE c.id = ").push(end).push(" AND ");
    rows.push_sql(query, CUSTOMER_ROWS);
    query.push(")");
}
