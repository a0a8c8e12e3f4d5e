//! What the trail says of a person, for the person: a page at a time, latest first.

use serde_json::{Value, json};
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::list::Place;
use crate::error::Result;

/// Entries about any of the records, behind a place. Served by `audit_entry_subject` and `audit_entry_record`.
pub async fn entries_about(
    connection: &mut PgConnection,
    record_ids: &[Uuid],
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<(Place, Value)>> {
    let rows = sqlx::query(
        "SELECT e.time, e.id, e.actor_name, e.action, e.record_kind, e.record_id, e.changes FROM audit_entry AS e
         WHERE e.id IN (SELECT id FROM audit_entry WHERE subject_id = ANY($1)
                        UNION ALL SELECT id FROM audit_entry WHERE record_id = ANY($1))
           AND ($2::timestamptz IS NULL OR (e.time, e.id) < ($2, $3))
         ORDER BY e.time DESC, e.id DESC LIMIT $4",
    )
    .bind(record_ids)
    .bind(after.map(|place| place.0))
    .bind(after.map(|place| place.1))
    .bind(limit)
    .fetch_all(connection)
    .await?;
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        let place: Place = (row.try_get(0)?, row.try_get(1)?);
        let entry = json!({
            "time": place.0,
            "actor_name": row.try_get::<String, _>(2)?,
            "action": row.try_get::<String, _>(3)?,
            "record_kind": row.try_get::<String, _>(4)?,
            "record_id": row.try_get::<Uuid, _>(5)?,
            "changes": row.try_get::<Json<Value>, _>(6)?.0,
        });
        entries.push((place, entry));
    }
    Ok(entries)
}
