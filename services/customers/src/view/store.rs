//! All SQL of views.

use contracts::customers::{RecordKind, View};
use platform::db::Pool;
use platform::db::{author, timestamp};
use platform::error::{Error, Result, on_constraint};
use platform::update::etag;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use uuid::Uuid;

use crate::error::reason;

const COLUMNS: &str = "id, author_id, name, filter, order_by, columns, shared, create_time, update_time, revision,
    create_user_id, update_user_id, record_kind, layout, layout_field";

/// A row as its reader sees it.
fn view(row: &PgRow, reader_id: Uuid) -> sqlx::Result<View> {
    Ok(View {
        id: row.try_get::<Uuid, _>(0)?.to_string(),
        own: row.try_get::<Uuid, _>(1)? == reader_id,
        name: row.try_get(2)?,
        filter: row.try_get(3)?,
        order_by: row.try_get(4)?,
        columns: row.try_get(5)?,
        shared: row.try_get(6)?,
        create_time: Some(timestamp(row.try_get(7)?)),
        update_time: Some(timestamp(row.try_get(8)?)),
        etag: etag(row.try_get(9)?),
        create_user_id: author(row, 10)?,
        update_user_id: author(row, 11)?,
        record_kind: row.try_get::<i16, _>(12)?.into(),
        layout: row.try_get::<i16, _>(13)?.into(),
        layout_field: row.try_get(14)?,
    })
}

/// The reader's views of a list and the shared ones, by name, behind `after` (name, id).
pub async fn view_list(
    pool: &Pool,
    reader_id: Uuid,
    kind: RecordKind,
    after: Option<&(String, Uuid)>,
    limit: i64,
) -> Result<Vec<View>> {
    let rows = sqlx::query(AssertSqlSafe(format!(
        "SELECT {COLUMNS}
         FROM view
         WHERE record_kind = $5 AND (author_id = $1 OR shared) AND ($2::text IS NULL OR (name COLLATE \"C\", id) > ($2 COLLATE \"C\", $3))
         ORDER BY name COLLATE \"C\", id
         LIMIT $4"
    )))
    .bind(reader_id)
    .bind(after.map(|(name, _)| name))
    .bind(after.map(|(_, id)| id))
    .bind(limit)
    .bind(kind as i16)
    .fetch_all(pool)
    .await?;
    Ok(rows.iter().map(|row| view(row, reader_id)).collect::<sqlx::Result<_>>()?)
}

pub async fn view_insert(connection: &mut PgConnection, id: Uuid, author_id: Uuid, new: &View) -> Result<View> {
    let row = sqlx::query(AssertSqlSafe(format!(
        "INSERT INTO view (id, author_id, name, filter, order_by, columns, shared, record_kind, layout, layout_field)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         RETURNING {COLUMNS}"
    )))
    .bind(id)
    .bind(author_id)
    .bind(&new.name)
    .bind(&new.filter)
    .bind(&new.order_by)
    .bind(&new.columns)
    .bind(new.shared)
    .bind(new.record_kind as i16)
    .bind(new.layout as i16)
    .bind(&new.layout_field)
    .fetch_one(connection)
    .await
    .map_err(|error| on_constraint(error, &[("view_name", name_taken)]))?;
    Ok(view(&row, author_id)?)
}

fn name_taken() -> Error {
    Error::already_exists("view.name", &reason::VIEW_NAME_TAKEN)
}

/// A view of this author, held until the transaction ends.
pub async fn view_lock(connection: &mut PgConnection, author_id: Uuid, id: Uuid) -> Result<View> {
    let row = sqlx::query(AssertSqlSafe(format!(
        "SELECT {COLUMNS}
         FROM view WHERE id = $1 AND author_id = $2 FOR UPDATE"
    )));
    let row = row.bind(id).bind(author_id).fetch_optional(connection).await?.ok_or_else(Error::not_found)?;
    Ok(view(&row, author_id)?)
}

pub async fn view_update(connection: &mut PgConnection, id: Uuid, author_id: Uuid, new: &View) -> Result<View> {
    let row = sqlx::query(AssertSqlSafe(format!(
        "UPDATE view
         SET name = $2, filter = $3, order_by = $4, columns = $5, shared = $6, layout = $7, layout_field = $8,
             update_time = now(), revision = revision + 1
         WHERE id = $1
         RETURNING {COLUMNS}"
    )))
    .bind(id)
    .bind(&new.name)
    .bind(&new.filter)
    .bind(&new.order_by)
    .bind(&new.columns)
    .bind(new.shared)
    .bind(new.layout as i16)
    .bind(&new.layout_field)
    .fetch_one(connection)
    .await
    .map_err(|error| on_constraint(error, &[("view_name", name_taken)]))?;
    Ok(view(&row, author_id)?)
}

pub async fn view_delete(connection: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query("DELETE FROM view WHERE id = $1").bind(id).execute(connection).await?;
    Ok(())
}
