//! The floor: the product's SQL behind handlers that somebody wrote by hand with axum, sqlx and serde, as fast as they
//! come. Reads hold the row predicate; a create writes row, search document, event, audit entry and idempotency key in
//! one transaction.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, NaiveDate, Utc};
use customers::search::document::customer_document;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::postgres::{PgPoolOptions, PgRow};
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::requests::Scenario;

/// Whose rows are read.
pub struct Sight {
    pub employee: Uuid,
    pub groups: Vec<Uuid>,
}

struct Floor {
    pool: PgPool,
    sight: Sight,
}

const COLUMNS: &str = "c.id, c.kind, c.number, c.name, c.region, c.industry, c.source, c.level, c.grade, c.credit,
    c.satisfaction, c.status, c.phone, c.email, c.website, c.addresses, c.id_number, c.legal_representative,
    c.bank_name, c.bank_account, c.gender, c.birthday, c.remark, c.custom_fields, c.owner_id, c.group_id, c.state,
    c.last_contact_time, c.create_time, c.update_time, c.create_user_id, c.update_user_id, c.revision";

/// `$1` the employee, `$2` the groups, `$3` the employee's own group.
const SEEN: &str = "(c.owner_id = $1 OR c.group_id = ANY($2) OR c.id = ANY(ARRAY(SELECT record_id FROM customer_share
    WHERE (employee_id = $1 OR group_id = $3) AND (expire_time IS NULL OR expire_time > now()))))";

const SAVED: &str =
    "SELECT request_digest, response FROM idempotency WHERE caller_id = $1 AND method = $2 AND key = $3";

// Of a type that no consumer takes in, so that the floor loads nobody else.
const TOLD: &str = "WITH event AS (
         INSERT INTO outbox (id, aggregate, aggregate_id, type, payload)
         VALUES ($1, 'customer', $2, 'changke.customers.v1.FloorChanged', $3)
     )
     INSERT INTO audit_entry (id, action, record_kind, record_id, subject_id, changes, actor_id, actor_name)
     VALUES ($4, 'customer.created', 'customer', $2, $2, $5, $6, 'floor')";

const KEPT: &str =
    "INSERT INTO idempotency (caller_id, method, key, request_digest, response) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT DO NOTHING";

fn read_statement() -> String {
    format!("SELECT {COLUMNS} FROM customer c WHERE c.id = $4 AND {SEEN}")
}

fn list_statement() -> String {
    format!(
        "SELECT {COLUMNS} FROM customer c WHERE c.state = 1 AND c.level = $4 AND c.region LIKE $5 AND {SEEN}
         ORDER BY c.create_time DESC, c.id DESC LIMIT $6"
    )
}

fn create_statement() -> String {
    format!(
        "WITH document AS (
             INSERT INTO search_document (id, customer_id, of_contact, name, number, phone, reading, grams)
             VALUES ($1, $1, false, $11, $12, $13, $14, $15)
         )
         INSERT INTO customer AS c
             (id, kind, number, name, region, industry, source, level, phone, phone_digits, owner_id, group_id,
              create_user_id, update_user_id)
         VALUES ($1, 2, $2, $3, $4, $5, $6, $7, $8, $13, $9, $10, $9, $9)
         RETURNING {COLUMNS}"
    )
}

pub async fn serve(listen: SocketAddr, url: &str, connections: u32, sight: Sight) -> anyhow::Result<()> {
    let pool = PgPoolOptions::new().max_connections(connections).test_before_acquire(false).connect(url).await?;
    let app = Router::new()
        .route("/v1/customers/{id}", get(read))
        .route("/v1/customers", get(list).post(create))
        .with_state(Arc::new(Floor { pool, sight }));
    let listener = tokio::net::TcpListener::bind(listen).await.context("listen")?;
    Ok(axum::serve(listener, app).await?)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Customer {
    id: Uuid,
    kind: i16,
    number: String,
    name: String,
    region: String,
    industry: String,
    source: String,
    level: String,
    grade: String,
    credit: String,
    satisfaction: i16,
    status: String,
    phone: String,
    email: String,
    website: String,
    addresses: Value,
    id_number: String,
    legal_representative: String,
    bank_name: String,
    bank_account: String,
    gender: i16,
    birthday: Option<NaiveDate>,
    remark: String,
    custom_fields: Value,
    owner_id: Option<Uuid>,
    group_id: Option<Uuid>,
    state: i16,
    last_contact_time: Option<DateTime<Utc>>,
    create_time: DateTime<Utc>,
    update_time: DateTime<Utc>,
    create_user_id: Option<Uuid>,
    update_user_id: Option<Uuid>,
    etag: String,
}

fn customer(row: &PgRow) -> sqlx::Result<Customer> {
    Ok(Customer {
        id: row.try_get(0)?,
        kind: row.try_get(1)?,
        number: row.try_get(2)?,
        name: row.try_get(3)?,
        region: row.try_get(4)?,
        industry: row.try_get(5)?,
        source: row.try_get(6)?,
        level: row.try_get(7)?,
        grade: row.try_get(8)?,
        credit: row.try_get(9)?,
        satisfaction: row.try_get(10)?,
        status: row.try_get(11)?,
        phone: row.try_get(12)?,
        email: row.try_get(13)?,
        website: row.try_get(14)?,
        addresses: row.try_get(15)?,
        id_number: row.try_get(16)?,
        legal_representative: row.try_get(17)?,
        bank_name: row.try_get(18)?,
        bank_account: row.try_get(19)?,
        gender: row.try_get(20)?,
        birthday: row.try_get(21)?,
        remark: row.try_get(22)?,
        custom_fields: row.try_get(23)?,
        owner_id: row.try_get(24)?,
        group_id: row.try_get(25)?,
        state: row.try_get(26)?,
        last_contact_time: row.try_get(27)?,
        create_time: row.try_get(28)?,
        update_time: row.try_get(29)?,
        create_user_id: row.try_get(30)?,
        update_user_id: row.try_get(31)?,
        etag: format!("{:x}", row.try_get::<i64, _>(32)?),
    })
}

type Answer<T> = Result<Json<T>, (StatusCode, String)>;

fn failed(error: impl std::fmt::Display) -> (StatusCode, String) {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

impl Floor {
    fn own_group(&self) -> Option<Uuid> {
        self.sight.groups.first().copied()
    }
}

async fn read(State(floor): State<Arc<Floor>>, Path(id): Path<Uuid>) -> Answer<Customer> {
    let row = sqlx::query(sqlx::AssertSqlSafe(read_statement()))
        .bind(floor.sight.employee)
        .bind(&floor.sight.groups)
        .bind(floor.own_group())
        .bind(id)
        .fetch_optional(&floor.pool)
        .await
        .map_err(failed)?
        .ok_or((StatusCode::NOT_FOUND, String::new()))?;
    Ok(Json(customer(&row).map_err(failed)?))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListQuery {
    page_size: i64,
    filter: String,
}

#[derive(Serialize)]
struct Page {
    customers: Vec<Customer>,
}

/// Knows the one form of filter that it is asked with.
async fn list(State(floor): State<Arc<Floor>>, Query(query): Query<ListQuery>) -> Answer<Page> {
    let mut quoted = query.filter.split('"').skip(1).step_by(2);
    let (level, region) = (quoted.next().unwrap_or_default(), quoted.next().unwrap_or_default());
    let rows = sqlx::query(sqlx::AssertSqlSafe(list_statement()))
        .bind(floor.sight.employee)
        .bind(&floor.sight.groups)
        .bind(floor.own_group())
        .bind(level)
        .bind(format!("{region}%"))
        .bind(query.page_size + 1)
        .fetch_all(&floor.pool)
        .await
        .map_err(failed)?;
    let customers = rows.iter().map(customer).collect::<sqlx::Result<_>>().map_err(failed)?;
    Ok(Json(Page { customers }))
}

#[derive(Deserialize)]
struct NewCustomer {
    name: String,
    region: String,
    industry: String,
    source: String,
    level: String,
    phone: String,
}

async fn create(State(floor): State<Arc<Floor>>, headers: HeaderMap, Json(new): Json<NewCustomer>) -> Answer<Customer> {
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or_default();
    let saved: Option<(Vec<u8>, Vec<u8>)> = sqlx::query_as(SAVED)
        .bind(floor.sight.employee)
        .bind("floor")
        .bind(key)
        .fetch_optional(&floor.pool)
        .await
        .map_err(failed)?;
    if saved.is_some() {
        return Err((StatusCode::CONFLICT, String::new()));
    }
    let id = Uuid::now_v7();
    // The end of the id is random; its beginning is the time.
    let number = format!("F{}", &id.simple().to_string()[13..]);
    let number = number.as_str();
    let document = customer_document(id, &new.name, number, &new.phone);
    let mut tx = floor.pool.begin().await.map_err(failed)?;
    let row = sqlx::query(sqlx::AssertSqlSafe(create_statement()))
        .bind(id)
        .bind(number)
        .bind(&new.name)
        .bind(&new.region)
        .bind(&new.industry)
        .bind(&new.source)
        .bind(&new.level)
        .bind(&new.phone)
        .bind(floor.sight.employee)
        .bind(floor.own_group())
        .bind(&document.name)
        .bind(&document.number)
        .bind(&document.phone)
        .bind(&document.reading)
        .bind(&document.grams)
        .fetch_one(&mut *tx)
        .await
        .map_err(failed)?;
    let created = customer(&row).map_err(failed)?;
    let response = serde_json::to_vec(&created).map_err(failed)?;
    sqlx::query(TOLD)
        .bind(Uuid::now_v7())
        .bind(id)
        .bind(&response)
        .bind(Uuid::now_v7())
        .bind(json!([{"field": "name", "after": new.name}]))
        .bind(floor.sight.employee)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    sqlx::query(KEPT)
        .bind(floor.sight.employee)
        .bind("floor")
        .bind(key)
        .bind(vec![0_u8; 32])
        .bind(&response)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    tx.commit().await.map_err(failed)?;
    Ok(Json(created))
}

/// The statements of a request as a script of pgbench, which then needs the variables `employee`, `group` and `groups`.
/// What a request brings of its own, the script makes up; it reads one of `ids`.
pub fn script(scenario: Scenario, ids: &[String]) -> anyhow::Result<String> {
    let reader = [":employee", ":groups", ":group"];
    Ok(match scenario {
        Scenario::Read => {
            let one = format!("('{{{}}}'::uuid[])[:n]", ids.join(","));
            let statement = filled(&read_statement(), &[&reader[..], &[&one]].concat());
            format!("\\set n random(1, {})\n{statement}", ids.len())
        }
        Scenario::List => filled(&list_statement(), &[&reader[..], &["'vip'", "'33%'", "51"]].concat()),
        Scenario::Create => {
            let (name, phone) = ("杭州123456贸易有限公司", "13812345678");
            let document = customer_document(Uuid::nil(), name, "F0000000000000000000", phone);
            let [name, phone, normal, reading] = [name, phone, &document.name, &document.reading].map(quoted);
            let grams = format!("'{{{}}}'", document.grams.iter().map(i32::to_string).collect::<Vec<_>>().join(","));
            let (number, response) = ("'F' || :key::text", "convert_to(repeat('x', 700), 'UTF8')");
            let [region, industry, source, level] = ["'330106'", "'wholesale_retail'", "'website'", "'ordinary'"];
            let texts = [":id", number, &name, region, industry, source, level, &phone, ":employee", ":group"];
            let row = [&texts[..], &[&normal, number, &phone, &reading, &grams]].concat();
            let told = [":event", ":id", response, ":entry", r#"'[{"field": "name"}]'"#, ":employee"];
            let kept = [":employee", "'floor'", ":key", "decode(repeat('00', 32), 'hex')", response];
            [
                "SELECT uuidv7() AS id, uuidv7() AS event, uuidv7() AS entry, uuidv7() AS key \\gset\n".to_owned(),
                filled(SAVED, &kept[..3]),
                "BEGIN;\n".to_owned(),
                filled(&create_statement(), &row),
                filled(TOLD, &told),
                filled(KEPT, &kept),
                "COMMIT;\n".to_owned(),
            ]
            .concat()
        }
        other => anyhow::bail!("the floor has no {other:?}"),
    })
}

/// The statement with these in the places of `$1`, `$2` and so on.
fn filled(statement: &str, values: &[&str]) -> String {
    let places = values.iter().enumerate().rev();
    places.fold(statement.to_owned(), |text, (at, value)| text.replace(&format!("${}", at + 1), value)) + ";\n"
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
