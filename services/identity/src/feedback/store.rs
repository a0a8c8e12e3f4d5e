//! All SQL of feedback.

use chrono::{DateTime, Utc};
use contracts::identity::{Feedback, FeedbackState};
use platform::access::Policy;
use platform::db::timestamp;
use platform::error::{Error, Result};
use platform::update;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, PgExecutor, Row};
use uuid::Uuid;

const COLUMNS: &str = "id, employee_id, kind, text, page, state, answer, answer_user_id, answer_time, create_time,
    update_time, revision";

fn feedback(row: &PgRow, names: &Policy) -> sqlx::Result<Feedback> {
    let employee_id: Uuid = row.try_get(1)?;
    let answered_by: Option<Uuid> = row.try_get(7)?;
    Ok(Feedback {
        id: row.try_get::<Uuid, _>(0)?.to_string(),
        employee_id: employee_id.to_string(),
        employee_name: names.employee_name(employee_id).to_owned(),
        kind: row.try_get::<i16, _>(2)?.into(),
        text: row.try_get(3)?,
        page: row.try_get(4)?,
        state: row.try_get::<i16, _>(5)?.into(),
        answer: row.try_get(6)?,
        answer_user_name: answered_by.map(|id| names.employee_name(id).to_owned()).unwrap_or_default(),
        answer_time: row.try_get::<Option<DateTime<Utc>>, _>(8)?.map(timestamp),
        create_time: Some(timestamp(row.try_get(9)?)),
        update_time: Some(timestamp(row.try_get(10)?)),
        etag: update::etag(row.try_get(11)?),
    })
}

/// How many an employee has open.
pub async fn feedback_open_count(connection: &mut PgConnection, employee_id: Uuid) -> Result<i64> {
    Ok(sqlx::query_scalar("SELECT count(*) FROM feedback WHERE employee_id = $1 AND state = $2")
        .bind(employee_id)
        .bind(FeedbackState::Open as i16)
        .fetch_one(connection)
        .await?)
}

pub async fn feedback_insert(
    connection: &mut PgConnection,
    names: &Policy,
    (id, employee_id): (Uuid, Uuid),
    new: &Feedback,
) -> Result<Feedback> {
    let sql = format!(
        "INSERT INTO feedback (id, employee_id, kind, text, page) VALUES ($1, $2, $3, $4, $5) RETURNING {COLUMNS}"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(id)
        .bind(employee_id)
        .bind(i16::try_from(new.kind).unwrap_or_default())
        .bind(&new.text)
        .bind(&new.page)
        .fetch_one(connection)
        .await?;
    Ok(feedback(&row, names)?)
}

/// Latest first; of one employee, in one state, or all. Served by `feedback_employee`, `feedback_state` and the key.
pub async fn feedback_list(
    executor: impl PgExecutor<'_>,
    names: &Policy,
    (employee_id, state): (Option<Uuid>, FeedbackState),
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Feedback>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM feedback
         WHERE ($1::uuid IS NULL OR employee_id = $1) AND ($2 = 0 OR state = $2) AND ($3::uuid IS NULL OR id < $3)
         ORDER BY id DESC LIMIT $4"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(employee_id)
        .bind(state as i16)
        .bind(after)
        .bind(limit)
        .fetch_all(executor)
        .await?;
    Ok(rows.iter().map(|row| feedback(row, names)).collect::<sqlx::Result<_>>()?)
}

pub async fn feedback_lock(connection: &mut PgConnection, names: &Policy, id: Uuid) -> Result<Feedback> {
    let sql = format!("SELECT {COLUMNS} FROM feedback WHERE id = $1 FOR UPDATE");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id).fetch_optional(connection).await?;
    Ok(feedback(&row.ok_or_else(Error::not_found)?, names)?)
}

/// Answers, when there is an answer, and moves on to a state.
pub async fn feedback_settle(
    connection: &mut PgConnection,
    names: &Policy,
    id: Uuid,
    state: FeedbackState,
    answer: Option<(&str, Option<Uuid>)>,
) -> Result<Feedback> {
    let sql = format!(
        "UPDATE feedback SET
             state = $2, update_time = now(), revision = revision + 1,
             answer = coalesce($3, answer),
             answer_user_id = CASE WHEN $3 IS NULL THEN answer_user_id ELSE $4 END,
             answer_time = CASE WHEN $3 IS NULL THEN answer_time ELSE now() END
         WHERE id = $1 RETURNING {COLUMNS}"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(id)
        .bind(state as i16)
        .bind(answer.map(|(text, _)| text))
        .bind(answer.and_then(|(_, user)| user))
        .fetch_one(connection)
        .await?;
    Ok(feedback(&row, names)?)
}
