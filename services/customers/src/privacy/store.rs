//! All SQL of requests. Each query that starts from a caller joins the customer `c` and holds its row predicate.

use chrono::{DateTime, Utc};
use contracts::customers::{PrivacyRequest, PrivacyRequestKind, PrivacyRequestState};
use contracts::privacy::ErasedRecords;
use platform::access::{Policy, RowPredicate};
use platform::db::timestamp;
use platform::error::{Error, Result, on_constraint};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::subject::Person;
use crate::error::reason;
use crate::parent::CUSTOMER_ROWS;

const SELECT: &str = "SELECT r.id, r.kind, r.state, r.customer_id, c.name, c.erase_time, r.contact_id, r.reason,
         r.create_user_id, r.create_time, r.decide_user_id, r.decide_time, r.decide_reason, r.answered_count,
         r.service_count, r.waiting_for, r.end_time, r.expire_time, r.size, r.erased, r.failure, r.object_id, r.object_ids
     FROM privacy_request AS r JOIN customer AS c ON c.id = r.customer_id WHERE ";

/// A request, and what it needs beyond the message.
pub struct Stored {
    pub id: Uuid,
    pub request: PrivacyRequest,
    pub person: Person,
    pub create_user_id: Option<Uuid>,
    /// The archive.
    pub object_id: Option<Uuid>,
    /// Objects that are still to go.
    pub object_ids: Vec<Uuid>,
}

/// A line of the certificate.
#[derive(Serialize, Deserialize)]
struct Line {
    service: String,
    section: String,
    count: i64,
}

fn stored(row: &PgRow, names: &Policy) -> sqlx::Result<Stored> {
    let text = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let name = |id: Option<Uuid>| id.map(|id| names.employee_name(id).to_owned()).unwrap_or_default();
    let time = |index| Ok::<_, sqlx::Error>(row.try_get::<Option<DateTime<Utc>>, _>(index)?.map(timestamp));
    let id: Uuid = row.try_get(0)?;
    let person = Person { customer_id: row.try_get(3)?, contact_id: row.try_get(6)? };
    let (create_user_id, decide_user_id): (Option<Uuid>, Option<Uuid>) = (row.try_get(8)?, row.try_get(10)?);
    let Json(erased) = row.try_get::<Json<Vec<Line>>, _>(19)?;
    let is_erased = row.try_get::<Option<DateTime<Utc>>, _>(5)?.is_some();
    let request = PrivacyRequest {
        id: id.to_string(),
        kind: row.try_get::<i16, _>(1)?.into(),
        state: row.try_get::<i16, _>(2)?.into(),
        customer_id: person.customer_id.to_string(),
        customer_name: if is_erased { String::new() } else { row.try_get(4)? },
        contact_id: text(person.contact_id),
        reason: row.try_get(7)?,
        create_user_id: text(create_user_id),
        create_user_name: name(create_user_id),
        create_time: time(9)?,
        decide_user_id: text(decide_user_id),
        decide_user_name: name(decide_user_id),
        decide_time: time(11)?,
        decide_reason: row.try_get(12)?,
        answered_count: row.try_get(13)?,
        service_count: row.try_get(14)?,
        waiting_for: row.try_get(15)?,
        end_time: time(16)?,
        expire_time: time(17)?,
        size: row.try_get(18)?,
        erased: erased
            .into_iter()
            .map(|Line { service, section, count }| ErasedRecords { service, section, count })
            .collect(),
        failure: row.try_get(20)?,
    };
    Ok(Stored { id, request, person, create_user_id, object_id: row.try_get(21)?, object_ids: row.try_get(22)? })
}

/// Of one customer, in one state, or all.
pub struct Asked {
    pub customer_id: Option<Uuid>,
    pub state: PrivacyRequestState,
}

/// Latest first, behind `after`.
pub async fn request_list(
    connection: &mut PgConnection,
    rows: &RowPredicate,
    names: &Policy,
    asked: &Asked,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<PrivacyRequest>> {
    let mut query = QueryBuilder::<Postgres>::new(SELECT);
    rows.push_sql(&mut query, CUSTOMER_ROWS);
    if let Some(customer_id) = asked.customer_id {
        query.push(" AND r.customer_id = ").push_bind(customer_id);
    }
    if asked.state != PrivacyRequestState::Unspecified {
        query.push(" AND r.state = ").push_bind(asked.state as i16);
    }
    if let Some(after) = after {
        query.push(" AND r.id < ").push_bind(after);
    }
    query.push(" ORDER BY r.id DESC LIMIT ").push_bind(limit);
    let rows = query.build().fetch_all(connection).await?;
    Ok(rows.iter().map(|row| Ok(stored(row, names)?.request)).collect::<sqlx::Result<_>>()?)
}

/// One whose customer the rows cover.
pub async fn request_get(
    connection: &mut PgConnection,
    rows: &RowPredicate,
    names: &Policy,
    id: Uuid,
) -> Result<Stored> {
    one(connection, Some(rows), names, id, "").await
}

/// The same, held with its customer until the transaction ends.
pub async fn request_lock(
    connection: &mut PgConnection,
    rows: &RowPredicate,
    names: &Policy,
    id: Uuid,
) -> Result<Stored> {
    one(connection, Some(rows), names, id, " FOR NO KEY UPDATE OF c, r").await
}

/// For whoever carries it out.
pub async fn request_of_job(connection: &mut PgConnection, id: Uuid) -> Result<Option<Stored>> {
    let found = one(connection, None, &Policy::default(), id, "").await;
    match found {
        Ok(stored) => Ok(Some(stored).filter(|stored| stored.request.state() == PrivacyRequestState::Running)),
        Err(error) if error.code() == tonic::Code::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

async fn one(
    connection: &mut PgConnection,
    rows: Option<&RowPredicate>,
    names: &Policy,
    id: Uuid,
    lock: &'static str,
) -> Result<Stored> {
    let mut query = QueryBuilder::<Postgres>::new(SELECT);
    query.push("r.id = ").push_bind(id);
    if let Some(rows) = rows {
        query.push(" AND ");
        rows.push_sql(&mut query, CUSTOMER_ROWS);
    }
    query.push(lock);
    let row = query.build().fetch_optional(connection).await?.ok_or_else(Error::not_found)?;
    Ok(stored(&row, names)?)
}

pub struct New<'a> {
    pub id: Uuid,
    pub kind: PrivacyRequestKind,
    pub state: PrivacyRequestState,
    pub person: Person,
    pub reason: &'a str,
    pub service_count: i32,
}

/// About a locked customer.
pub async fn request_insert(connection: &mut PgConnection, names: &Policy, new: &New<'_>) -> Result<Stored> {
    sqlx::query(
        "INSERT INTO privacy_request (id, kind, state, customer_id, contact_id, reason, service_count)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(new.id)
    .bind(new.kind as i16)
    .bind(new.state as i16)
    .bind(new.person.customer_id)
    .bind(new.person.contact_id)
    .bind(new.reason)
    .bind(new.service_count)
    .execute(&mut *connection)
    .await
    .map_err(|error| {
        let open = || Error::failed_precondition(&reason::PRIVACY_REQUEST_OPEN);
        on_constraint(error, &[("privacy_request_open", open)])
    })?;
    one(connection, None, names, new.id, "").await
}

/// Who decided what on a locked one, and why.
pub async fn request_decide(
    connection: &mut PgConnection,
    names: &Policy,
    id: Uuid,
    state: PrivacyRequestState,
    (user_id, why): (Uuid, &str),
) -> Result<Stored> {
    sqlx::query(
        "UPDATE privacy_request SET state = $2, decide_user_id = $3, decide_time = now(), decide_reason = $4,
             end_time = CASE WHEN $2 = 2 THEN now() END
         WHERE id = $1",
    )
    .bind(id)
    .bind(state as i16)
    .bind(user_id)
    .bind(why)
    .execute(&mut *connection)
    .await?;
    one(connection, None, names, id, "").await
}

/// Holds the customer until the transaction ends, and tells its region.
pub async fn region_lock(connection: &mut PgConnection, customer_id: Uuid) -> Result<String> {
    let region = sqlx::query_scalar("SELECT region FROM customer WHERE id = $1 FOR NO KEY UPDATE").bind(customer_id);
    region.fetch_optional(connection).await?.ok_or_else(Error::not_found)
}

/// How far it has come, and for whom it waits.
pub async fn progress_set(connection: &mut PgConnection, id: Uuid, answered: i32, waiting_for: &str) -> Result<()> {
    sqlx::query("UPDATE privacy_request SET answered_count = $2, waiting_for = $3 WHERE id = $1")
        .bind(id)
        .bind(answered)
        .bind(waiting_for)
        .execute(connection)
        .await?;
    Ok(())
}

/// What a service has erased; a service that answers a second time has nothing to add.
pub async fn erased_add(connection: &mut PgConnection, id: Uuid, erased: &[ErasedRecords]) -> Result<()> {
    let line =
        |one: &ErasedRecords| Line { service: one.service.clone(), section: one.section.clone(), count: one.count };
    let lines: Vec<Line> = erased.iter().map(line).collect();
    sqlx::query(
        "UPDATE privacy_request SET erased = erased || $2, answered_count = answered_count + 1, waiting_for = ''
         WHERE id = $1 AND NOT erased @> jsonb_build_array(jsonb_build_object('service', $2::jsonb -> 0 -> 'service'))",
    )
    .bind(id)
    .bind(Json(lines))
    .execute(connection)
    .await?;
    Ok(())
}

/// What is still to go from the store of files.
pub async fn objects_set(connection: &mut PgConnection, id: Uuid, object_ids: &[Uuid]) -> Result<()> {
    let set = sqlx::query("UPDATE privacy_request SET object_ids = $2 WHERE id = $1");
    set.bind(id).bind(object_ids).execute(connection).await?;
    Ok(())
}

/// Everything is erased, in the store of files too.
pub async fn erasure_end(connection: &mut PgConnection, id: Uuid, object_ids: &[Uuid]) -> Result<()> {
    sqlx::query("DELETE FROM loose_object WHERE id = ANY($1)").bind(object_ids).execute(&mut *connection).await?;
    sqlx::query("UPDATE privacy_request SET state = 4, end_time = now(), object_ids = '{}' WHERE id = $1")
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

/// The archive is there; not where the person was erased meanwhile.
pub async fn export_end(
    connection: &mut PgConnection,
    id: Uuid,
    (object_id, size): (Uuid, i64),
    expire_time: DateTime<Utc>,
) -> Result<bool> {
    let ended = sqlx::query(
        "UPDATE privacy_request SET state = 4, end_time = now(), object_id = $2, size = $3, expire_time = $4,
             answered_count = service_count, waiting_for = ''
         WHERE id = $1 AND state = 3",
    );
    let ended = ended.bind(id).bind(object_id).bind(size).bind(expire_time).execute(connection).await?;
    Ok(ended.rows_affected() == 1)
}

/// Archives whose time is over: their objects are loose from then on.
pub async fn archives_expire(connection: &mut PgConnection) -> Result<u64> {
    let expired = sqlx::query(
        "WITH expired AS (
             SELECT id, object_id FROM privacy_request
             WHERE object_id IS NOT NULL AND expire_time <= now() FOR UPDATE SKIP LOCKED
         ), loose AS (
             INSERT INTO loose_object (id, due_time) SELECT object_id, now() FROM expired ON CONFLICT DO NOTHING
         )
         UPDATE privacy_request AS r SET state = 5, object_id = NULL FROM expired WHERE r.id = expired.id",
    );
    Ok(expired.execute(connection).await?.rows_affected())
}

pub async fn request_fail(connection: &mut PgConnection, id: Uuid, failure: &str) -> Result<()> {
    sqlx::query("UPDATE privacy_request SET state = 6, end_time = now(), failure = $2 WHERE id = $1 AND state = 3")
        .bind(id)
        .bind(failure)
        .execute(connection)
        .await?;
    Ok(())
}
