//! All SQL of imports themselves: their state, the pieces of their files, the rows that failed.

use chrono::{DateTime, Utc};
use contracts::customers::{
    Import, ImportColumn, ImportProgress, ImportRowError, ImportSampleRow, ImportState, ImportUndo,
};
use platform::db::timestamp;
use platform::error::{Error, Reason, Result};
use platform::locale::{self, Locale};
use platform::sheet::{self, Format, Layout};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, PgConnection, PgExecutor, Row};
use uuid::Uuid;

use super::codes::{self, RowFault};
use super::undo::store::Undone;
use crate::error::reason;

/// How far a run has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// The last line of the sheet that is done with.
    pub row: u32,
    pub processed: i64,
    pub created: i64,
    pub updated: i64,
    pub unchanged: i64,
    pub skipped: i64,
    pub failed: i64,
}

impl Progress {
    /// With the counts of the rows that follow.
    #[must_use]
    pub fn and(&self, next: &Self) -> Self {
        Self {
            row: next.row,
            processed: self.processed + next.processed,
            created: self.created + next.created,
            updated: self.updated + next.updated,
            unchanged: self.unchanged + next.unchanged,
            skipped: self.skipped + next.skipped,
            failed: self.failed + next.failed,
        }
    }
}

impl From<Progress> for ImportProgress {
    fn from(progress: Progress) -> Self {
        let Progress { row: _, processed, created, updated, unchanged, skipped, failed } = progress;
        Self { processed, created, updated, unchanged, skipped, failed }
    }
}

/// An import with what it needs beyond the message.
pub struct Stored {
    pub import: Import,
    pub employee_id: Uuid,
    pub format: Format,
    pub header_row: u32,
    pub headers: Vec<String>,
    pub fields: Vec<String>,
    pub owner_id: Option<Uuid>,
    pub progress: Progress,
    pub undone: Undone,
    pub job_id: Option<Uuid>,
}

const COLUMNS: &str = "i.id, i.employee_id, i.file_name, i.format, i.header_row, i.row_count, i.headers, i.fields,
    i.sample_rows, i.state, i.dry_run, i.import_key, i.duplicate_policy, i.owner_id, i.progress, i.failure,
    i.create_time, i.start_time, i.end_time, i.job_id, j.state, i.undone, i.undo_time";

fn stored(row: &PgRow) -> sqlx::Result<Stored> {
    let Json(format) = row.try_get::<Json<Format>, _>(3)?;
    let headers: Vec<String> = row.try_get(6)?;
    let fields: Vec<String> = row.try_get(7)?;
    let Json(samples) = row.try_get::<Json<Vec<Vec<String>>>, _>(8)?;
    let Json(progress) = row.try_get::<Json<Progress>, _>(14)?;
    let Json(undone) = row.try_get::<Json<Undone>, _>(21)?;
    let (state, failure) = state(row.try_get(9)?, row.try_get(15)?, row.try_get(20)?);
    let id: Uuid = row.try_get(0)?;
    let time = |index| Ok::<_, sqlx::Error>(row.try_get::<Option<DateTime<Utc>>, _>(index)?.map(timestamp));
    let columns = headers
        .iter()
        .zip(&fields)
        .map(|(header, field)| ImportColumn { header: header.clone(), field: field.clone() });
    let import = Import {
        id: id.to_string(),
        file_name: row.try_get(2)?,
        format: format.name().to_owned(),
        encoding: format.encoding().to_owned(),
        row_count: row.try_get(5)?,
        columns: columns.collect(),
        sample_rows: samples.into_iter().map(|cells| ImportSampleRow { cells }).collect(),
        state: state.into(),
        dry_run: row.try_get(10)?,
        key: row.try_get::<i16, _>(11)?.into(),
        duplicate_policy: row.try_get::<i16, _>(12)?.into(),
        progress: Some(progress.into()),
        failure,
        create_time: time(16)?,
        start_time: time(17)?,
        end_time: time(18)?,
        undo: time(22)?.map(|start_time| ImportUndo {
            total: undone.total,
            removed: undone.removed,
            restored: undone.restored,
            kept: undone.kept,
            start_time: Some(start_time),
        }),
    };
    Ok(Stored {
        import,
        employee_id: row.try_get(1)?,
        header_row: u32::try_from(row.try_get::<i32, _>(4)?).unwrap_or_default(),
        owner_id: row.try_get(13)?,
        job_id: row.try_get(19)?,
        format,
        headers,
        fields,
        progress,
        undone,
    })
}

/// The state as it is: a run whose job is over without having said so has broken off.
fn state(state: i16, failure: &str, job: Option<&str>) -> (ImportState, String) {
    let state = ImportState::try_from(i32::from(state)).unwrap_or_default();
    let text = |id: &str| failure_text(id, locale::current());
    match (state, job) {
        (ImportState::Running, Some("pending" | "leased")) => (state, String::new()),
        (ImportState::Running, Some("cancelled")) => (ImportState::Cancelled, String::new()),
        (ImportState::Running, _) => (ImportState::Failed, text(reason::IMPORT_BROKE_OFF.id)),
        (ImportState::Undoing, Some("pending" | "leased")) => (state, String::new()),
        (ImportState::Undoing, _) => (ImportState::Failed, text(reason::IMPORT_UNDO_BROKE_OFF.id)),
        _ => (state, text(failure)),
    }
}

/// Why runs break off.
static FAILURES: [&Reason; 5] = [
    &reason::IMPORT_FORBIDDEN,
    &reason::IMPORT_BROKE_OFF,
    &reason::IMPORT_UNDO_BROKE_OFF,
    &reason::IMPORT_FILE_GONE,
    &sheet::reason::FILE_BROKEN,
];

fn failure_text(id: &str, locale: Locale) -> String {
    FAILURES.iter().find(|reason| reason.id == id).map(|reason| reason.text(locale, &[])).unwrap_or_default()
}

pub async fn import_insert(
    connection: &mut PgConnection,
    id: Uuid,
    employee_id: Uuid,
    file_name: &str,
    layout: &Layout,
    fields: &[String],
) -> Result<()> {
    sqlx::query(
        "INSERT INTO import (id, employee_id, file_name, format, header_row, row_count, headers, fields, sample_rows)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(id)
    .bind(employee_id)
    .bind(file_name)
    .bind(Json(&layout.format))
    .bind(layout.header_row.cast_signed())
    .bind(layout.row_count.cast_signed())
    .bind(&layout.header)
    .bind(fields)
    .bind(Json(&layout.samples))
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn piece_insert(connection: &mut PgConnection, id: Uuid, position: i32, content: &[u8]) -> Result<()> {
    sqlx::query("INSERT INTO import_piece (import_id, position, content) VALUES ($1, $2, $3)")
        .bind(id)
        .bind(position)
        .bind(content)
        .execute(connection)
        .await?;
    Ok(())
}

pub async fn piece_get(executor: impl PgExecutor<'_>, id: Uuid, position: i32) -> Result<Option<Vec<u8>>> {
    let piece = sqlx::query_scalar("SELECT content FROM import_piece WHERE import_id = $1 AND position = $2");
    Ok(piece.bind(id).bind(position).fetch_optional(executor).await?)
}

/// The fields that an employee last ran a file with these headers by.
pub async fn mapping_get(
    executor: impl PgExecutor<'_>,
    employee_id: Uuid,
    headers: &[String],
) -> Result<Option<Vec<String>>> {
    let fields = sqlx::query_scalar(
        "SELECT fields FROM import WHERE employee_id = $1 AND headers = $2 AND start_time IS NOT NULL
         ORDER BY id DESC LIMIT 1",
    );
    Ok(fields.bind(employee_id).bind(headers).fetch_optional(executor).await?)
}

/// An import of an employee's own.
pub async fn import_get(executor: impl PgExecutor<'_>, employee_id: Uuid, id: Uuid) -> Result<Stored> {
    let sql = format!(
        "SELECT {COLUMNS} FROM import i LEFT JOIN job j ON j.id = i.job_id WHERE i.id = $1 AND i.employee_id = $2"
    );
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(employee_id).fetch_optional(executor).await?;
    Ok(stored(&row.ok_or_else(Error::not_found)?)?)
}

/// The same, held until the transaction ends.
pub async fn import_lock(connection: &mut PgConnection, employee_id: Uuid, id: Uuid) -> Result<Stored> {
    let sql = format!(
        "SELECT {COLUMNS} FROM import i LEFT JOIN job j ON j.id = i.job_id
         WHERE i.id = $1 AND i.employee_id = $2 FOR NO KEY UPDATE OF i"
    );
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(employee_id).fetch_optional(connection).await?;
    Ok(stored(&row.ok_or_else(Error::not_found)?)?)
}

/// The import that a job runs, or takes back, while it is in this state.
pub async fn import_of_job(
    executor: impl PgExecutor<'_>,
    id: Uuid,
    job_id: Uuid,
    state: ImportState,
) -> Result<Option<Stored>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM import i JOIN job j ON j.id = i.job_id WHERE i.id = $1 AND i.job_id = $2 AND i.state = $3"
    );
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(job_id).bind(state as i16).fetch_optional(executor).await?;
    Ok(row.as_ref().map(stored).transpose()?)
}

/// Served by `import_employee`.
pub async fn import_list(
    executor: impl PgExecutor<'_>,
    employee_id: Uuid,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Import>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM import i LEFT JOIN job j ON j.id = i.job_id
         WHERE i.employee_id = $1 AND ($2::uuid IS NULL OR i.id < $2) ORDER BY i.id DESC LIMIT $3"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(employee_id).bind(after).bind(limit).fetch_all(executor).await?;
    Ok(rows.iter().map(|row| stored(row).map(|stored| stored.import)).collect::<sqlx::Result<_>>()?)
}

/// What a run does.
pub struct Run<'a> {
    pub fields: &'a [String],
    pub key: i32,
    pub duplicate_policy: i32,
    pub dry_run: bool,
    pub owner_id: Option<Uuid>,
    pub job_id: Uuid,
}

/// Begins where real runs have come to. What an earlier run said of rows behind that is forgotten.
pub async fn run_start(connection: &mut PgConnection, id: Uuid, run: &Run<'_>) -> Result<()> {
    sqlx::query(
        "WITH forgotten AS (
             DELETE FROM import_row_error e USING import i
             WHERE i.id = $1 AND e.import_id = $1 AND e.row > coalesce((i.taken ->> 'row')::int, 0)
         )
         UPDATE import SET
             state = 2, fields = $2, import_key = $3, duplicate_policy = $4, dry_run = $5, owner_id = $6, job_id = $7,
             progress = taken, cancel_requested = false, failure = '', start_time = now(), end_time = NULL
         WHERE id = $1",
    )
    .bind(id)
    .bind(run.fields)
    .bind(run.key as i16)
    .bind(run.duplicate_policy as i16)
    .bind(run.dry_run)
    .bind(run.owner_id)
    .bind(run.job_id)
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn cancel_request(connection: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query("UPDATE import SET cancel_requested = true WHERE id = $1").bind(id).execute(connection).await?;
    Ok(())
}

/// Notes how far a run has come; whether it is to stop, or nothing when it is no longer this job's.
pub async fn progress_set(
    connection: &mut PgConnection,
    id: Uuid,
    job_id: Uuid,
    progress: &Progress,
) -> Result<Option<bool>> {
    let cancelled = sqlx::query_scalar(
        "UPDATE import SET progress = $3, taken = CASE WHEN dry_run THEN taken ELSE $3 END
         WHERE id = $1 AND job_id = $2 AND state = 2
         RETURNING cancel_requested",
    );
    Ok(cancelled.bind(id).bind(job_id).bind(Json(progress)).fetch_optional(connection).await?)
}

/// Ends a run, unless it is no longer this job's.
pub async fn run_end(
    connection: &mut PgConnection,
    id: Uuid,
    job_id: Uuid,
    state: ImportState,
    failure: Option<&'static Reason>,
) -> Result<bool> {
    let ended = sqlx::query(
        "UPDATE import SET state = $3, failure = $4, end_time = now() WHERE id = $1 AND job_id = $2 AND state = 2",
    )
    .bind(id)
    .bind(job_id)
    .bind(state as i16)
    .bind(failure.map(|reason| reason.id).unwrap_or_default())
    .execute(connection)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// A row that is not taken.
pub struct Refused<'a> {
    pub row: u32,
    pub skipped: bool,
    pub faults: &'a [RowFault],
    pub cells: &'a [String],
}

pub async fn row_errors_insert(connection: &mut PgConnection, id: Uuid, refused: &[Refused<'_>]) -> Result<()> {
    if refused.is_empty() {
        return Ok(());
    }
    let rows: Vec<i32> = refused.iter().map(|row| row.row.cast_signed()).collect();
    let skipped: Vec<bool> = refused.iter().map(|row| row.skipped).collect();
    let errors: Vec<Value> = refused.iter().map(|row| codes::to_json(row.faults)).collect();
    let cells: Vec<Json<&[String]>> = refused.iter().map(|row| Json(row.cells)).collect();
    sqlx::query(
        "INSERT INTO import_row_error (import_id, row, skipped, errors, cells)
         SELECT $1, e.* FROM unnest($2::int[], $3::bool[], $4::jsonb[], $5::jsonb[]) AS e",
    )
    .bind(id)
    .bind(rows)
    .bind(skipped)
    .bind(errors)
    .bind(cells)
    .execute(connection)
    .await?;
    Ok(())
}

/// Refused rows behind a line, in the order of the file; `failed_only` leaves out those that were left alone.
pub async fn row_error_list(
    executor: impl PgExecutor<'_>,
    stored: &Stored,
    after: i64,
    failed_only: bool,
    limit: i64,
    locale: Locale,
) -> Result<Vec<ImportRowError>> {
    let id: Uuid = stored.import.id.parse().map_err(Error::internal)?;
    let rows = sqlx::query(
        "SELECT row, errors, cells FROM import_row_error
         WHERE import_id = $1 AND row > $2 AND NOT (skipped AND $3) ORDER BY row LIMIT $4",
    )
    .bind(id)
    .bind(after)
    .bind(failed_only)
    .bind(limit)
    .fetch_all(executor)
    .await?;
    let errors = rows.iter().map(|row| {
        let Json(cells) = row.try_get::<Json<Vec<String>>, _>(2)?;
        Ok(ImportRowError {
            row: row.try_get::<i32, _>(0)?.into(),
            errors: codes::to_messages(&row.try_get(1)?, &stored.headers, locale),
            cells,
        })
    });
    Ok(errors.collect::<sqlx::Result<_>>()?)
}

/// Removes files and rows of imports that nobody has touched for long; how many.
pub async fn import_prune(connection: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    let pruned = sqlx::query(
        "DELETE FROM import WHERE id IN
             (SELECT id FROM import WHERE create_time < $1 AND state NOT IN (2, 6) ORDER BY create_time LIMIT $2)",
    );
    Ok(pruned.bind(before).bind(limit).execute(connection).await?.rows_affected())
}
