//! Files of imports that name a person. A file is read as it was uploaded, whatever its encoding; one that names the person
//! goes as a whole, with its sample and the failed rows that name the person.

use std::fs::File;
use std::ops::ControlFlow;

use platform::db::Pool;
use platform::error::{Error, Result};
use platform::sheet::{self, Format};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::rules::Texts;
use crate::import::fetch;

/// As numbered in the contract.
const RUNNING: i16 = 2;

/// What was found in the imports.
#[derive(Debug, Default)]
pub struct Found {
    pub imports: Vec<Uuid>,
    /// One that runs reads its file; it ends first.
    pub running: bool,
}

pub async fn find(pool: &Pool, texts: &Texts) -> Result<Found> {
    let mut found = Found::default();
    if texts.is_empty() {
        return Ok(found);
    }
    let imports: Vec<(Uuid, i16, Json<Format>, String)> =
        sqlx::query_as("SELECT id, state, format, file_name FROM import ORDER BY id").fetch_all(pool).await?;
    for (id, state, Json(format), file_name) in imports {
        let named = texts.all().iter().any(|text| file_name.contains(text.as_str())) || {
            match fetch(pool, id).await? {
                Some(file) => names(file, format, texts.clone()).await?,
                None => false,
            }
        };
        if named {
            found.running |= state == RUNNING;
            found.imports.push(id);
        }
    }
    Ok(found)
}

/// Whether any cell of the file tells of the person. One that can't be read may.
async fn names(mut file: File, format: Format, texts: Texts) -> Result<bool> {
    let look = move || {
        let mut named = false;
        let read = sheet::read(&mut file, &format, &mut |record| {
            named = record.cells().any(|cell| texts.found_in(cell));
            if named { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        named || read.is_err()
    };
    tokio::task::spawn_blocking(look).await.map_err(Error::internal)
}

/// What imports would give back when they are undone.
pub async fn effects_erase(connection: &mut PgConnection, customer_id: Uuid) -> Result<u64> {
    let effects = sqlx::query("DELETE FROM import_effect WHERE customer_id = $1").bind(customer_id);
    Ok(effects.execute(connection).await?.rows_affected())
}

/// How many files went. Failed rows are told by the person's texts, in whatever import they are.
pub async fn erase(connection: &mut PgConnection, found: &[Uuid], texts: &Texts) -> Result<u64> {
    let pieces = "DELETE FROM import_piece WHERE import_id = ANY($1)";
    sqlx::query(pieces).bind(found).execute(&mut *connection).await?;
    let samples = "UPDATE import SET sample_rows = '[]', file_name = $2 || coalesce(substring(file_name FROM '\\.[A-Za-z]+$'), '')
                   WHERE id = ANY($1)";
    let files = sqlx::query(samples).bind(found).bind(super::rules::ANONYMOUS).execute(&mut *connection).await?;
    sqlx::query(
        "DELETE FROM import_row_error AS e WHERE EXISTS (
             SELECT FROM unnest($1::text[]) AS text WHERE position(text IN e.cells::text || e.errors::text) > 0)",
    )
    .bind(texts.all())
    .execute(connection)
    .await?;
    Ok(files.rows_affected())
}
