//! All SQL of handovers themselves; `items` has that of what they move.

use chrono::{DateTime, Utc};
use contracts::customers::{HandoverLine, HandoverState};
use platform::access::{RowColumns, RowPredicate};
use platform::error::{Error, Result, on_constraint};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::rules::Receiver;
use crate::error::reason;

/// Whose handovers are whose: of who started it, and of the group that it goes from.
const ROWS: RowColumns = RowColumns { owner: "h.create_user_id", group: "h.group_id", shares: None };

const COLUMNS: &str =
    "h.id, h.from_employee_id, h.group_id, h.actor_id, h.create_user_id, h.receivers, h.filter, h.note,
    h.state, h.failure, h.expected_count, h.create_time, h.end_time, h.job_id,
    (SELECT j.state FROM job j WHERE j.id = h.job_id)";

#[derive(Debug, Clone)]
pub struct Stored {
    pub id: Uuid,
    pub from_employee_id: Uuid,
    pub group_id: Option<Uuid>,
    pub actor_id: Uuid,
    pub create_user_id: Uuid,
    pub receivers: Vec<Receiver>,
    pub filter: String,
    pub note: String,
    pub state: HandoverState,
    /// Id of the reason.
    pub failure: String,
    pub expected_count: i64,
    pub create_time: DateTime<Utc>,
    pub end_time: Option<DateTime<Utc>>,
    pub job_id: Uuid,
}

fn stored(row: &PgRow) -> sqlx::Result<Stored> {
    let Json(receivers) = row.try_get::<Json<Vec<Receiver>>, _>(5)?;
    let mut state = HandoverState::try_from(i32::from(row.try_get::<i16, _>(8)?)).unwrap_or_default();
    let mut failure: String = row.try_get(9)?;
    let under_way = matches!(row.try_get::<Option<&str>, _>(14)?, Some("pending" | "leased"));
    // A job that is over without having said so has broken off.
    if matches!(state, HandoverState::Running | HandoverState::Undoing) && !under_way {
        (state, failure) = (HandoverState::Failed, reason::HANDOVER_BROKE_OFF.id.to_owned());
    }
    Ok(Stored {
        id: row.try_get(0)?,
        from_employee_id: row.try_get(1)?,
        group_id: row.try_get(2)?,
        actor_id: row.try_get(3)?,
        create_user_id: row.try_get(4)?,
        receivers,
        filter: row.try_get(6)?,
        note: row.try_get(7)?,
        state,
        failure,
        expected_count: row.try_get(10)?,
        create_time: row.try_get(11)?,
        end_time: row.try_get(12)?,
        job_id: row.try_get(13)?,
    })
}

fn select() -> QueryBuilder<Postgres> {
    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(COLUMNS).push(" FROM handover h WHERE ");
    sql
}

pub async fn handover_insert(connection: &mut PgConnection, new: &Stored) -> Result<DateTime<Utc>> {
    // One that broke off without saying so does not stand in the way.
    sqlx::query(
        "UPDATE handover h SET state = 5, failure = $2, end_time = now()
         WHERE h.from_employee_id = $1 AND h.state IN (1, 3)
           AND NOT EXISTS (SELECT FROM job j WHERE j.id = h.job_id AND j.state IN ('pending', 'leased'))",
    )
    .bind(new.from_employee_id)
    .bind(reason::HANDOVER_BROKE_OFF.id)
    .execute(&mut *connection)
    .await?;
    let time = sqlx::query_scalar(
        "INSERT INTO handover
             (id, from_employee_id, group_id, actor_id, create_user_id, receivers, filter, note, state, expected_count,
              job_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         RETURNING create_time",
    )
    .bind(new.id)
    .bind(new.from_employee_id)
    .bind(new.group_id)
    .bind(new.actor_id)
    .bind(new.create_user_id)
    .bind(Json(&new.receivers))
    .bind(&new.filter)
    .bind(&new.note)
    .bind(new.state as i16)
    .bind(new.expected_count)
    .bind(new.job_id)
    .fetch_one(connection)
    .await;
    time.map_err(|error| on_constraint(error, &[("handover_running", running)]))
}

fn running() -> Error {
    Error::failed_precondition(&reason::HANDOVER_RUNNING)
}

pub async fn handover_get(connection: &mut PgConnection, rows: &RowPredicate, id: Uuid) -> Result<Stored> {
    let mut sql = select();
    sql.push("h.id = ").push_bind(id).push(" AND ");
    rows.push_sql(&mut sql, ROWS);
    let row = sql.build().fetch_optional(connection).await?;
    Ok(stored(&row.ok_or_else(Error::not_found)?)?)
}

/// The same, held until the transaction ends.
pub async fn handover_lock(connection: &mut PgConnection, rows: &RowPredicate, id: Uuid) -> Result<Stored> {
    let mut sql = select();
    sql.push("h.id = ").push_bind(id).push(" AND ");
    rows.push_sql(&mut sql, ROWS);
    sql.push(" FOR NO KEY UPDATE OF h");
    let row = sql.build().fetch_optional(connection).await?;
    Ok(stored(&row.ok_or_else(Error::not_found)?)?)
}

/// The handover that a job works on, held until the transaction ends; nothing when it is no longer this job's.
pub async fn handover_of_job(connection: &mut PgConnection, id: Uuid, job_id: Uuid) -> Result<Option<Stored>> {
    let mut sql = select();
    sql.push("h.state IN (1, 3) AND h.id = ").push_bind(id).push(" AND h.job_id = ").push_bind(job_id);
    sql.push(" FOR NO KEY UPDATE OF h");
    let row = sql.build().fetch_optional(connection).await?;
    Ok(row.as_ref().map(stored).transpose()?)
}

pub async fn handover_list(
    connection: &mut PgConnection,
    rows: &RowPredicate,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Stored>> {
    let mut sql = select();
    rows.push_sql(&mut sql, ROWS);
    if let Some(after) = after {
        sql.push(" AND h.id < ").push_bind(after);
    }
    sql.push(" ORDER BY h.id DESC LIMIT ").push_bind(limit);
    let found = sql.build().fetch_all(connection).await?;
    Ok(found.iter().map(stored).collect::<sqlx::Result<_>>()?)
}

/// Begins the way back.
pub async fn undo_begin(connection: &mut PgConnection, id: Uuid, actor_id: Uuid, job_id: Uuid) -> Result<()> {
    let begun = sqlx::query(
        "UPDATE handover SET state = 3, failure = '', actor_id = $2, job_id = $3, end_time = NULL WHERE id = $1",
    );
    let begun = begun.bind(id).bind(actor_id).bind(job_id).execute(connection).await;
    begun.map_err(|error| on_constraint(error, &[("handover_running", running)]))?;
    Ok(())
}

/// Ends a run, unless it is no longer this job's.
pub async fn handover_end(
    connection: &mut PgConnection,
    id: Uuid,
    job_id: Uuid,
    state: HandoverState,
    failure: &str,
) -> Result<()> {
    sqlx::query(
        "UPDATE handover SET state = $3, failure = $4, end_time = now()
         WHERE id = $1 AND job_id = $2 AND state IN (1, 3)",
    )
    .bind(id)
    .bind(job_id)
    .bind(state as i16)
    .bind(failure)
    .execute(connection)
    .await?;
    Ok(())
}

/// The lines of several handovers.
pub async fn line_list(connection: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<(Uuid, HandoverLine)>> {
    let rows = sqlx::query(
        "SELECT handover_id, kind, employee_id, moved_count, returned_count, kept_count FROM handover_line
         WHERE handover_id = ANY($1) ORDER BY handover_id, kind, employee_id",
    );
    let line = |row: &PgRow| {
        let line = HandoverLine {
            kind: row.try_get(1)?,
            employee_id: row.try_get::<Uuid, _>(2)?.to_string(),
            employee_name: String::new(),
            moved_count: row.try_get(3)?,
            returned_count: row.try_get(4)?,
            kept_count: row.try_get(5)?,
        };
        Ok((row.try_get(0)?, line))
    };
    Ok(rows.bind(ids).fetch_all(connection).await?.iter().map(line).collect::<sqlx::Result<_>>()?)
}
