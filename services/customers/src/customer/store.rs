//! All SQL of customers. The table is `c` in every query, and every query that answers a caller holds the row predicate.

use chrono::{DateTime, NaiveDate, Utc};
use contracts::customers::{Customer, CustomerState};
use platform::access::{Newest, RowPredicate};
use platform::db::Pool;
use platform::error::{Error, Result, on_constraint};
use platform::filter::Value as Key;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, PgConnection, PgExecutor, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::list::Selection;
use super::row::{COLUMNS, Reader, addresses_json};
use super::rules::parse_date;
use crate::error::reason;
use crate::ownership::Cause;
pub use crate::parent::CUSTOMER_ROWS;
use crate::pool::sources::Sources;
use crate::search::document::Document;
use crate::search::text::phone_digits;

/// Beyond this many matches a count is an estimate.
const EXACT: i64 = 10_000;

pub fn select() -> QueryBuilder<Postgres> {
    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(COLUMNS).push(" FROM customer c WHERE ");
    sql
}

pub async fn customer_get(
    executor: impl PgExecutor<'_>,
    reader: &Reader<'_>,
    rows: &RowPredicate,
    id: Uuid,
) -> Result<Customer> {
    let mut sql = select();
    sql.push("c.id = ").push_bind(id).push(" AND ");
    rows.push_sql(&mut sql, CUSTOMER_ROWS);
    let row = sql.build().fetch_optional(executor).await?.ok_or_else(Error::not_found)?;
    Ok(reader.customer(&row)?)
}

/// Those of the customers that the rows cover, in no particular order.
pub async fn customer_list_by_ids(
    connection: &mut PgConnection,
    reader: &Reader<'_>,
    rows: &RowPredicate,
    ids: &[Uuid],
) -> Result<Vec<Customer>> {
    let mut sql = select();
    sql.push("c.id = ANY(").push_bind(ids).push(") AND ");
    rows.push_sql(&mut sql, CUSTOMER_ROWS);
    let rows = sql.build().fetch_all(connection).await?;
    Ok(rows.iter().map(|row| reader.customer(row)).collect::<sqlx::Result<_>>()?)
}

pub fn push_selection(sql: &mut QueryBuilder<Postgres>, selection: &Selection, rows: &RowPredicate) {
    if selection.active_only {
        sql.push("c.state = 1 AND ");
    }
    selection.predicate.push_sql(sql, &selection.context);
    sql.push(" AND ");
    rows.push_sql(sql, CUSTOMER_ROWS);
}

/// The rows of a selection behind a key, in its order, for whoever reads them all.
pub fn customer_list_query(
    selection: &Selection,
    rows: &RowPredicate,
    after: Option<&[Key]>,
    limit: i64,
) -> Result<QueryBuilder<Postgres>> {
    let mut sql = select();
    push_selection(&mut sql, selection, rows);
    push_after(&mut sql, selection, after)?;
    push_order(&mut sql, selection, limit);
    Ok(sql)
}

/// The same for one page.
fn customer_page_query(
    selection: &Selection,
    rows: &RowPredicate,
    after: Option<&[Key]>,
    limit: i64,
) -> Result<QueryBuilder<Postgres>> {
    if !selection.is_newest_first() {
        return customer_list_query(selection, rows, after, limit);
    }
    let mut sql = select();
    push_selection(&mut sql, selection, rows);
    push_after(&mut sql, selection, after)?;
    let also = |sql: &mut QueryBuilder<Postgres>| {
        sql.push("c.state = 1");
        // Has fitted just now.
        let _ = push_after(sql, selection, after);
    };
    Newest { table: "customer", columns: CUSTOMER_ROWS, also: &also, limit }.push_sql(&mut sql, rows);
    push_order(&mut sql, selection, limit);
    Ok(sql)
}

fn push_after(sql: &mut QueryBuilder<Postgres>, selection: &Selection, after: Option<&[Key]>) -> Result<()> {
    let Some(after) = after else { return Ok(()) };
    sql.push(" AND ");
    let refused = || Error::invalid("page_token", &platform::error::reason::PAGE_TOKEN_INVALID);
    selection.order.push_keyset_sql(sql, after).map_err(|_| refused())
}

fn push_order(sql: &mut QueryBuilder<Postgres>, selection: &Selection, limit: i64) {
    sql.push(" ORDER BY ");
    selection.order.push_order_sql(sql);
    // As a number: of a parameter the planner would think that it takes a tenth of all rows.
    sql.push(" LIMIT ").push(limit);
}

pub async fn customer_list(
    pool: &Pool,
    reader: &Reader<'_>,
    selection: &Selection,
    rows: &RowPredicate,
    after: Option<&[Key]>,
    limit: i64,
) -> Result<Vec<Customer>> {
    let rows = customer_page_query(selection, rows, after, limit)?.build().fetch_all(pool).await?;
    Ok(rows.iter().map(|row| reader.customer(row)).collect::<sqlx::Result<_>>()?)
}

/// How many match, and whether that is the planner's estimate because they are many.
pub async fn customer_count(pool: &Pool, selection: &Selection, rows: &RowPredicate) -> Result<(i64, bool)> {
    let mut sql = QueryBuilder::new("SELECT count(*) FROM (SELECT FROM customer c WHERE ");
    push_selection(&mut sql, selection, rows);
    sql.push(" LIMIT ").push_bind(EXACT + 1).push(") AS matching");
    let count: i64 = sql.build_query_scalar().fetch_one(pool).await?;
    if count <= EXACT {
        return Ok((count, false));
    }
    let mut sql = QueryBuilder::new("EXPLAIN (FORMAT JSON) SELECT FROM customer c WHERE ");
    push_selection(&mut sql, selection, rows);
    let plan: Value = sql.build_query_scalar().persistent(false).fetch_one(pool).await?;
    let estimate = plan.pointer("/0/Plan/Plan Rows").and_then(Value::as_f64).unwrap_or_default() as i64;
    Ok((estimate.max(count), true))
}

/// What a row holds beside the message.
pub struct Stored<'a> {
    pub customer: &'a Customer,
    pub custom_fields: &'a Value,
}

/// The customer's row and its search document in one statement; the time it was created at.
pub async fn customer_insert(
    connection: &mut PgConnection,
    new: &Stored<'_>,
    (id, owner_id, group_id): (Uuid, Uuid, Option<Uuid>),
    document: &Document,
    user_id: Option<Uuid>,
) -> Result<DateTime<Utc>> {
    let customer = new.customer;
    let row = sqlx::query(
        "WITH document AS (
             INSERT INTO search_document (id, customer_id, of_contact, name, number, phone, reading, grams)
             VALUES ($1, $1, false, $28, $29, $30, $31, $32)
         )
         INSERT INTO customer
             (id, kind, number, name, region, industry, source, level, grade, credit, satisfaction, status, phone,
              phone_digits, email, website, addresses, id_number, legal_representative, bank_name, bank_account, gender,
              birthday, remark, custom_fields, owner_id, group_id, create_user_id, update_user_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $30, $14, $15, $16, $17, $18, $19, $20, $21,
                 $22, $23, $24, $25, $26, $27, $27)
         RETURNING create_time",
    )
    .bind(id)
    .bind(customer.kind as i16)
    .bind(&customer.number)
    .bind(&customer.name)
    .bind(&customer.region)
    .bind(&customer.industry)
    .bind(&customer.source)
    .bind(&customer.level)
    .bind(&customer.grade)
    .bind(&customer.credit)
    .bind(customer.satisfaction as i16)
    .bind(&customer.status)
    .bind(&customer.phone)
    .bind(&customer.email)
    .bind(&customer.website)
    .bind(addresses_json(&customer.addresses))
    .bind(&customer.id_number)
    .bind(&customer.legal_representative)
    .bind(&customer.bank_name)
    .bind(&customer.bank_account)
    .bind(customer.gender as i16)
    .bind(birthday(customer))
    .bind(&customer.remark)
    .bind(new.custom_fields)
    .bind(owner_id)
    .bind(group_id)
    .bind(user_id)
    .bind(&document.name)
    .bind(&document.number)
    .bind(&document.phone)
    .bind(&document.reading)
    .bind(&document.grams)
    .fetch_one(connection)
    .await
    .map_err(|error| on_constraint(error, &[("customer_number_key", number_taken)]))?;
    Ok(row.try_get(0)?)
}

fn number_taken() -> Error {
    Error::already_exists("customer.number", &reason::NUMBER_TAKEN)
}

fn birthday(customer: &Customer) -> Option<NaiveDate> {
    parse_date(&customer.birthday)
}

/// The row of a customer, held until the transaction ends; NOT_FOUND unless the rows cover it.
pub async fn customer_lock(connection: &mut PgConnection, rows: &RowPredicate, id: Uuid) -> Result<PgRow> {
    let mut sql = select();
    sql.push("c.id = ").push_bind(id).push(" AND ");
    rows.push_sql(&mut sql, CUSTOMER_ROWS);
    sql.push(" AND c.erase_time IS NULL FOR NO KEY UPDATE OF c");
    if let Some(row) = sql.build().fetch_optional(&mut *connection).await? {
        return Ok(row);
    }
    match crate::parent::is_visible(connection, rows, id).await? {
        true => Err(Error::failed_precondition(&reason::CUSTOMER_ERASED)),
        false => Err(Error::not_found()),
    }
}

/// Writes the fields of a locked customer and gives the row as it is then.
pub async fn customer_update(
    connection: &mut PgConnection,
    id: Uuid,
    new: &Stored<'_>,
    user_id: Option<Uuid>,
) -> Result<PgRow> {
    let customer = new.customer;
    let sql = format!(
        "UPDATE customer c SET
             kind = $2, number = $3, name = $4, region = $5, industry = $6, source = $7, level = $8, grade = $9,
             credit = $10, satisfaction = $11, status = $12, phone = $13, phone_digits = $14, email = $15,
             website = $16, addresses = $17, id_number = $18, legal_representative = $19, bank_name = $20,
             bank_account = $21, gender = $22, birthday = $23, remark = $24, custom_fields = $25,
             update_time = now(), update_user_id = $26, revision = c.revision + 1
         WHERE c.id = $1
         RETURNING {COLUMNS}"
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(id)
        .bind(customer.kind as i16)
        .bind(&customer.number)
        .bind(&customer.name)
        .bind(&customer.region)
        .bind(&customer.industry)
        .bind(&customer.source)
        .bind(&customer.level)
        .bind(&customer.grade)
        .bind(&customer.credit)
        .bind(customer.satisfaction as i16)
        .bind(&customer.status)
        .bind(&customer.phone)
        .bind(phone_digits(&customer.phone))
        .bind(&customer.email)
        .bind(&customer.website)
        .bind(addresses_json(&customer.addresses))
        .bind(&customer.id_number)
        .bind(&customer.legal_representative)
        .bind(&customer.bank_name)
        .bind(&customer.bank_account)
        .bind(customer.gender as i16)
        .bind(birthday(customer))
        .bind(&customer.remark)
        .bind(new.custom_fields)
        .bind(user_id)
        .fetch_one(connection)
        .await
        .map_err(|error| on_constraint(error, &[("customer_number_key", number_taken)]))
}

pub async fn customer_state_set(
    connection: &mut PgConnection,
    id: Uuid,
    state: CustomerState,
    user_id: Option<Uuid>,
) -> Result<PgRow> {
    let sql = format!(
        "UPDATE customer c
         SET state = $2, update_time = now(), update_user_id = $3, revision = c.revision + 1
         WHERE c.id = $1
         RETURNING {COLUMNS}"
    );
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(state as i16).bind(user_id).fetch_one(connection).await?;
    Ok(row)
}

/// The owners of those customers that the rows cover, or that lie in pools which the caller manages. They are then held, in
/// the order of ids so that two who assign the same wait for each other.
pub async fn owners_lock(
    connection: &mut PgConnection,
    rows: &RowPredicate,
    (sources, managed): (&Sources, &[Uuid]),
    ids: &[Uuid],
) -> Result<Vec<(Uuid, Option<Uuid>)>> {
    let mut sql = QueryBuilder::new("SELECT c.id, c.owner_id FROM customer c WHERE c.id = ANY(");
    sql.push_bind(ids).push(") AND (");
    rows.push_sql(&mut sql, CUSTOMER_ROWS);
    if !managed.is_empty() {
        sql.push(" OR c.owner_id IS NULL AND ");
        sources.push_is_in(&mut sql, managed);
    }
    sql.push(") ORDER BY c.id FOR NO KEY UPDATE OF c");
    Ok(sql.build_query_as().fetch_all(connection).await?)
}

/// Some of an employee's customers, held until the transaction ends.
pub async fn owned_lock(connection: &mut PgConnection, owner_id: Uuid, limit: i64) -> Result<Vec<Uuid>> {
    let sql = "SELECT id FROM customer WHERE owner_id = $1 ORDER BY id LIMIT $2 FOR NO KEY UPDATE";
    Ok(sqlx::query_scalar(sql).bind(owner_id).bind(limit).fetch_all(connection).await?)
}

/// Where customers go.
#[derive(Clone, Copy)]
pub enum To<'a> {
    /// An owner with the owner's group.
    Owner(Uuid, Option<Uuid>),
    /// The public pool, where they stay with the group of their last owner.
    Pool(&'a Sources),
}

/// Moves locked customers; the period before is kept by a trigger.
pub async fn owner_set(connection: &mut PgConnection, ids: &[Uuid], to: To<'_>, cause: &Cause) -> Result<Vec<PgRow>> {
    let mut sql = QueryBuilder::new("UPDATE customer c SET owner_time = now(), owner_cause = ");
    sql.push_bind(Json(cause));
    match to {
        To::Owner(owner_id, group_id) => {
            sql.push(", owner_id = ").push_bind(owner_id).push(", group_id = ").push_bind(group_id);
        }
        To::Pool(sources) => {
            sql.push(" || jsonb_build_object('pool_id', ");
            sources.push_id(&mut sql);
            sql.push("), owner_id = NULL");
        }
    }
    sql.push(", update_time = now(), update_user_id = coalesce(").push_bind(cause.actor_id);
    sql.push(", c.update_user_id), revision = c.revision + 1 WHERE c.id = ANY(").push_bind(ids);
    sql.push(") RETURNING ").push(COLUMNS);
    Ok(sql.build().fetch_all(connection).await?)
}

/// The next customers of an employee that are not in the employee's group yet, moved there.
pub async fn group_follow(
    connection: &mut PgConnection,
    owner_id: Uuid,
    group_id: Option<Uuid>,
    limit: i64,
) -> Result<Vec<PgRow>> {
    let sql = format!(
        "UPDATE customer c SET group_id = $2, update_time = now(), revision = c.revision + 1
         WHERE c.id IN (SELECT id FROM customer WHERE owner_id = $1 AND group_id IS DISTINCT FROM $2
                        ORDER BY create_time DESC, id DESC LIMIT $3 FOR NO KEY UPDATE)
         RETURNING {COLUMNS}"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(owner_id).bind(group_id).bind(limit).fetch_all(connection).await?;
    Ok(rows)
}
