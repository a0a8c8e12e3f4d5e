//! Attachments of a person who is erased: rows go with names and descriptions, objects are loose from then on.

use contracts::customers::AttachmentChanged;
use platform::db::Tx;
use platform::error::Result;
use sqlx::Row;
use uuid::Uuid;

/// The objects that are loose now.
pub async fn erase(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    let rows = sqlx::query(
        "DELETE FROM attachment WHERE id = ANY($1)
         RETURNING id, customer_id, contact_id, interaction_id, kind, state, content_type, size, revision, object_id",
    )
    .bind(ids)
    .fetch_all(tx.connection())
    .await?;
    let text = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let mut objects = Vec::with_capacity(rows.len());
    for row in rows {
        let id: Uuid = row.try_get(0)?;
        let event = AttachmentChanged {
            id: id.to_string(),
            customer_id: row.try_get::<Uuid, _>(1)?.to_string(),
            contact_id: text(row.try_get(2)?),
            interaction_id: text(row.try_get(3)?),
            kind: row.try_get::<i16, _>(4)?.into(),
            state: row.try_get::<i16, _>(5)?.into(),
            content_type: row.try_get(6)?,
            size: row.try_get(7)?,
            revision: row.try_get::<i64, _>(8)? + 1,
            deleted: true,
        };
        tx.emit("attachment", id, &event);
        objects.push(row.try_get(9)?);
    }
    Ok(objects)
}
