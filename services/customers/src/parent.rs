//! The customer that a contact, a relation or an interaction belongs to: who may reach it, reaches what belongs to it.

use platform::access::{RowColumns, RowPredicate};
use platform::error::{Error, Result};
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use crate::error::reason;

/// Where the predicate finds owner, group and shares in queries that call the customer `c`.
pub const CUSTOMER_ROWS: RowColumns =
    RowColumns { owner: "c.owner_id", group: "c.group_id", shares: Some(("c.id", "customer_share")) };

/// `CustomerState` as stored.
const ACTIVE: i16 = 1;

/// NOT_FOUND unless the predicate covers the customer.
pub async fn require_visible(connection: &mut PgConnection, rows: &RowPredicate, id: Uuid) -> Result<()> {
    if is_visible(connection, rows, id).await? { Ok(()) } else { Err(Error::not_found()) }
}

pub async fn is_visible(connection: &mut PgConnection, rows: &RowPredicate, id: Uuid) -> Result<bool> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT EXISTS (SELECT FROM customer AS c WHERE c.id = ");
    query.push_bind(id).push(" AND ");
    rows.push_sql(&mut query, CUSTOMER_ROWS);
    query.push(")");
    Ok(query.build_query_scalar().fetch_one(connection).await?)
}

/// Holds the customer, in use or not, until the transaction ends.
pub async fn lock(connection: &mut PgConnection, rows: &RowPredicate, id: Uuid) -> Result<()> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT FROM customer AS c WHERE c.id = ");
    query.push_bind(id).push(" AND ");
    rows.push_sql(&mut query, CUSTOMER_ROWS);
    query.push(" FOR NO KEY UPDATE OF c");
    query.build().fetch_optional(connection).await?.map(drop).ok_or_else(Error::not_found)
}

/// Holds the customer until the transaction ends, so that writers of what belongs to it take turns. Refused when it is
/// out of use.
pub async fn lock_active(connection: &mut PgConnection, rows: &RowPredicate, id: Uuid) -> Result<()> {
    let mut query =
        QueryBuilder::<Postgres>::new("SELECT c.state, c.erase_time IS NOT NULL FROM customer AS c WHERE c.id = ");
    query.push_bind(id).push(" AND ");
    rows.push_sql(&mut query, CUSTOMER_ROWS);
    query.push(" FOR NO KEY UPDATE OF c");
    let row = query.build().fetch_optional(connection).await?.ok_or_else(Error::not_found)?;
    if row.try_get(1)? {
        return Err(Error::failed_precondition(&reason::CUSTOMER_ERASED));
    }
    if row.try_get::<i16, _>(0)? != ACTIVE {
        return Err(Error::failed_precondition(&reason::CUSTOMER_INVALID));
    }
    Ok(())
}
