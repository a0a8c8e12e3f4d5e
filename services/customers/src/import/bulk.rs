//! SQL on many customers at once, for a batch of rows: those that are like them, those that are new, those that change.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use contracts::customers::{Customer, OwnershipReason};
use platform::access::RowPredicate;
use platform::error::Result;
use serde_json::{Value, json};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::copy::Rows;
use crate::customer::row::{COLUMNS, WIDTH, addresses_json};
use crate::customer::store::CUSTOMER_ROWS;
use crate::search::document::Document;
use crate::search::text::phone_digits;

/// Keeps different imports apart, so that no two create the same customer.
pub async fn turn_take(connection: &mut PgConnection) -> Result<()> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext('customers.import'))").execute(connection).await?;
    Ok(())
}

/// Whoever waits for a row longer than this waits for the batch beside it, which in turn waits for this one to commit.
pub async fn patience_set(connection: &mut PgConnection) -> Result<()> {
    sqlx::query("SET LOCAL lock_timeout = '10s'").execute(connection).await?;
    Ok(())
}

pub async fn time(connection: &mut PgConnection) -> Result<DateTime<Utc>> {
    Ok(sqlx::query_scalar("SELECT now()").fetch_one(connection).await?)
}

/// By what customers are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    Number,
    Phone,
    IdNumber,
    /// In lower case, as far as ASCII goes.
    Name,
}

/// Customers that hold one of the values, as [`COLUMNS`] and then whether the rows cover them; those in use alone, except
/// by number, which no two may share.
pub async fn customers_alike(
    connection: &mut PgConnection,
    column: Column,
    values: &[&str],
    rows: &RowPredicate,
) -> Result<Vec<PgRow>> {
    if values.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = QueryBuilder::<Postgres>::new("SELECT ");
    sql.push(COLUMNS).push(", ");
    rows.push_sql(&mut sql, CUSTOMER_ROWS);
    sql.push(" FROM customer c WHERE ").push(match column {
        Column::Number => "c.number = ANY(",
        Column::Phone => "c.state = 1 AND c.phone_digits <> '' AND c.phone_digits = ANY(",
        Column::IdNumber => "c.state = 1 AND c.id_number <> '' AND c.id_number = ANY(",
        Column::Name => "c.state = 1 AND lower(c.name COLLATE \"C\") = ANY(",
    });
    sql.push_bind(values).push(") ORDER BY c.id");
    // A plan that is kept would be one for the small table that the import began with.
    Ok(sql.build().persistent(false).fetch_all(connection).await?)
}

pub fn is_covered(row: &PgRow) -> sqlx::Result<bool> {
    // NULL when owner and group are.
    Ok(row.try_get::<Option<bool>, _>(WIDTH)?.unwrap_or(false))
}

/// Who holds the numbers that are taken.
pub async fn numbers_taken(connection: &mut PgConnection, numbers: &[&str]) -> Result<HashMap<String, Uuid>> {
    if numbers.is_empty() {
        return Ok(HashMap::new());
    }
    let taken =
        sqlx::query_as("SELECT number, id FROM customer WHERE number = ANY($1)").bind(numbers).persistent(false);
    let taken: Vec<(String, Uuid)> = taken.fetch_all(connection).await?;
    Ok(taken.into_iter().collect())
}

/// Who holds the unique values, given as (key, value), that are taken.
pub async fn unique_values_taken(
    connection: &mut PgConnection,
    values: &[(String, String)],
) -> Result<HashMap<(String, String), Uuid>> {
    if values.is_empty() {
        return Ok(HashMap::new());
    }
    let (keys, texts): (Vec<&str>, Vec<&str>) =
        values.iter().map(|(key, value)| (key.as_str(), value.as_str())).unzip();
    let taken: Vec<(String, String, Uuid)> = sqlx::query_as(
        "SELECT u.field_key, u.value, u.customer_id
         FROM unnest($1::text[], $2::text[]) AS n (key, value)
         JOIN customer_unique_value u ON u.field_key = n.key AND u.value = n.value",
    )
    .bind(keys)
    .bind(texts)
    .persistent(false)
    .fetch_all(connection)
    .await?;
    Ok(taken.into_iter().map(|(key, value, id)| ((key, value), id)).collect())
}

/// A customer to be.
pub struct New<'a> {
    pub id: Uuid,
    pub customer: &'a Customer,
    pub custom_fields: &'a Value,
    pub owner: (Uuid, Option<Uuid>),
}

/// Rows of new customers, which hold nothing that the database fills in.
pub fn customer_rows(new: &[New<'_>], user_id: Uuid, now: DateTime<Utc>) -> Rows {
    let mut rows = Rows::default();
    let now = now.to_rfc3339();
    // By whom is told by the row itself.
    let cause = json!({"reason": OwnershipReason::Imported as i32}).to_string();
    for New { id, customer, custom_fields, owner } in new {
        let empty = |text: &str| if text.is_empty() { None } else { Some(text.to_owned()) };
        rows.plain(id).plain(customer.kind).text(&customer.number).text(&customer.name);
        rows.text(&customer.region).text(&customer.industry).text(&customer.source).text(&customer.level);
        rows.text(&customer.grade).text(&customer.credit).plain(customer.satisfaction).text(&customer.status);
        rows.text(&customer.phone).text(&phone_digits(&customer.phone)).text(&customer.email).text(&customer.website);
        if customer.addresses.is_empty() {
            rows.plain("[]");
        } else {
            rows.text(&addresses_json(&customer.addresses).to_string());
        }
        rows.text(&customer.id_number).text(&customer.legal_representative).text(&customer.bank_name);
        rows.text(&customer.bank_account)
            .plain(customer.gender)
            .optional(empty(&customer.birthday))
            .text(&customer.remark);
        rows.text(&custom_fields.to_string()).plain(owner.0).optional(owner.1);
        rows.plain(&now).plain(&now).plain(&now).plain(user_id).plain(user_id).plain(&cause).end();
    }
    rows
}

pub const CUSTOMER_COPY: &str = "COPY customer
    (id, kind, number, name, region, industry, source, level, grade, credit, satisfaction, status, phone, phone_digits,
     email, website, addresses, id_number, legal_representative, bank_name, bank_account, gender, birthday, remark,
     custom_fields, owner_id, group_id, owner_time, create_time, update_time, create_user_id, update_user_id,
     owner_cause)
    FROM STDIN";

pub fn document_rows(documents: &[Document]) -> Rows {
    let mut rows = Rows::default();
    for document in documents {
        rows.plain(document.id).plain(document.customer_id).plain(document.of_contact).text(&document.name);
        rows.text(&document.number).text(&document.phone).text(&document.reading).integers(&document.grams).end();
    }
    rows
}

pub const DOCUMENT_COPY: &str =
    "COPY search_document (id, customer_id, of_contact, name, number, phone, reading, grams) FROM STDIN";

pub fn unique_value_rows(values: &[(Uuid, (String, String))]) -> Rows {
    let mut rows = Rows::default();
    for (id, (key, value)) in values {
        rows.text(key).text(value).plain(id).end();
    }
    rows
}

pub const UNIQUE_VALUE_COPY: &str = "COPY customer_unique_value (field_key, value, customer_id) FROM STDIN";

/// Writes the fields of customers that are still as they were read; how many were. Their etags are those that were read.
pub async fn customers_update(
    connection: &mut PgConnection,
    changed: &[(Uuid, &Customer, &Value)],
    user_id: Uuid,
) -> Result<u64, sqlx::Error> {
    if changed.is_empty() {
        return Ok(0);
    }
    let records: Value =
        changed.iter().map(|(id, customer, custom_fields)| record(*id, customer, custom_fields)).collect();
    let written = sqlx::query(
        "UPDATE customer c SET
             kind = n.kind, number = n.number, name = n.name, region = n.region, industry = n.industry,
             source = n.source, level = n.level, grade = n.grade, credit = n.credit, satisfaction = n.satisfaction,
             status = n.status, phone = n.phone, phone_digits = n.phone_digits, email = n.email, website = n.website,
             addresses = n.addresses, id_number = n.id_number, legal_representative = n.legal_representative,
             bank_name = n.bank_name, bank_account = n.bank_account, gender = n.gender, birthday = n.birthday,
             remark = n.remark, custom_fields = n.custom_fields,
             update_time = now(), update_user_id = $2, revision = c.revision + 1
         FROM jsonb_populate_recordset(NULL::customer, $1) AS n
         WHERE c.id = n.id AND c.revision = n.revision",
    );
    Ok(written.bind(records).bind(user_id).execute(connection).await?.rows_affected())
}

/// The revision that a customer's etag stands for.
pub fn revision(customer: &Customer) -> i64 {
    i64::from_str_radix(&customer.etag, 16).unwrap_or_default()
}

fn record(id: Uuid, customer: &Customer, custom_fields: &Value) -> Value {
    let birthday = if customer.birthday.is_empty() { Value::Null } else { customer.birthday.as_str().into() };
    json!({
        "id": id,
        "revision": revision(customer),
        "kind": customer.kind,
        "number": customer.number,
        "name": customer.name,
        "region": customer.region,
        "industry": customer.industry,
        "source": customer.source,
        "level": customer.level,
        "grade": customer.grade,
        "credit": customer.credit,
        "satisfaction": customer.satisfaction,
        "status": customer.status,
        "phone": customer.phone,
        "phone_digits": phone_digits(&customer.phone),
        "email": customer.email,
        "website": customer.website,
        "addresses": addresses_json(&customer.addresses),
        "id_number": customer.id_number,
        "legal_representative": customer.legal_representative,
        "bank_name": customer.bank_name,
        "bank_account": customer.bank_account,
        "gender": customer.gender,
        "birthday": birthday,
        "remark": customer.remark,
        "custom_fields": custom_fields,
    })
}
