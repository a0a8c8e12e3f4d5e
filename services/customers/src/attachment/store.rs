//! All SQL of attachments. Each query that starts from a caller joins the customer `c` and holds its row predicate.

use chrono::{DateTime, Utc};
use contracts::customers::{Attachment, AttachmentState};
use platform::access::{Policy, RowPredicate};
use platform::db::timestamp;
use platform::error::{Error, Result};
use platform::update::etag;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::access::{Reach, Record};
use crate::parent::CUSTOMER_ROWS;

const COLUMNS: &str =
    "a.id, a.customer_id, a.contact_id, a.interaction_id, a.kind, a.name, a.description, a.content_type,
    a.size, encode(a.sha256, 'hex'), a.state, a.finding, a.duration_seconds, a.employee_id, a.create_time,
    a.update_time, a.revision, a.object_id";
const FROM: &str = " FROM attachment AS a JOIN customer AS c ON c.id = a.customer_id WHERE ";

/// An attachment, and where its content is kept.
#[derive(Debug)]
pub struct Stored {
    pub attachment: Attachment,
    pub object_id: Uuid,
    pub customer_id: Uuid,
    pub record: Record,
}

fn stored(row: &PgRow, names: &Policy) -> sqlx::Result<Stored> {
    let text = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let customer_id: Uuid = row.try_get(1)?;
    let (contact_id, interaction_id): (Option<Uuid>, Option<Uuid>) = (row.try_get(2)?, row.try_get(3)?);
    let employee_id: Uuid = row.try_get(13)?;
    let attachment = Attachment {
        id: row.try_get::<Uuid, _>(0)?.to_string(),
        customer_id: customer_id.to_string(),
        contact_id: text(contact_id),
        interaction_id: text(interaction_id),
        kind: row.try_get::<i16, _>(4)?.into(),
        name: row.try_get(5)?,
        description: row.try_get(6)?,
        content_type: row.try_get(7)?,
        size: row.try_get(8)?,
        sha256: row.try_get(9)?,
        state: row.try_get::<i16, _>(10)?.into(),
        finding: row.try_get(11)?,
        duration_seconds: row.try_get(12)?,
        employee_id: employee_id.to_string(),
        employee_name: names.employee_name(employee_id).to_owned(),
        create_time: Some(timestamp(row.try_get(14)?)),
        update_time: Some(timestamp(row.try_get(15)?)),
        etag: etag(row.try_get(16)?),
    };
    let record = match (contact_id, interaction_id) {
        (Some(id), _) => Record::Contact(id),
        (None, Some(id)) => Record::Interaction(id),
        (None, None) => Record::Customer(customer_id),
    };
    Ok(Stored { attachment, object_id: row.try_get(17)?, customer_id, record })
}

/// The customer of a record, when the rows cover it.
pub async fn customer_of(connection: &mut PgConnection, rows: &RowPredicate, record: Record) -> Result<Uuid> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT c.id FROM ");
    query.push(match record {
        Record::Customer(_) => "customer AS c WHERE c.id = ",
        Record::Contact(_) => "contact AS t JOIN customer AS c ON c.id = t.customer_id WHERE t.id = ",
        Record::Interaction(_) => "interaction AS t JOIN customer AS c ON c.id = t.customer_id WHERE t.id = ",
    });
    query.push_bind(record.id()).push(" AND ");
    rows.push_sql(&mut query, CUSTOMER_ROWS);
    query.build_query_scalar().fetch_optional(connection).await?.ok_or_else(Error::not_found)
}

/// Latest first, behind `after`. Served by `attachment_customer`, `attachment_contact` and `attachment_interaction`.
pub async fn attachment_list(
    connection: &mut PgConnection,
    reach: &Reach,
    names: &Policy,
    (record, below): (Record, bool),
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Attachment>> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT ");
    query.push(COLUMNS).push(FROM);
    query.push(match record {
        Record::Customer(_) => "a.customer_id = ",
        Record::Contact(_) => "a.contact_id = ",
        Record::Interaction(_) => "a.interaction_id = ",
    });
    query.push_bind(record.id()).push(" AND ");
    reach.push_sql(&mut query);
    if matches!(record, Record::Customer(_)) && !below {
        query.push(" AND a.contact_id IS NULL AND a.interaction_id IS NULL");
    }
    if let Some(after) = after {
        query.push(" AND a.id < ").push_bind(after);
    }
    query.push(" ORDER BY a.id DESC LIMIT ").push_bind(limit);
    let rows = query.build().fetch_all(connection).await?;
    Ok(rows.iter().map(|row| Ok(stored(row, names)?.attachment)).collect::<sqlx::Result<_>>()?)
}

pub async fn attachment_get(connection: &mut PgConnection, reach: &Reach, names: &Policy, id: Uuid) -> Result<Stored> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT ");
    query.push(COLUMNS).push(FROM).push("a.id = ").push_bind(id).push(" AND ");
    reach.push_sql(&mut query);
    let row = query.build().fetch_optional(connection).await?;
    Ok(stored(&row.ok_or_else(Error::not_found)?, names)?)
}

/// Held until the transaction ends; whose, has been looked at before.
pub async fn attachment_lock(connection: &mut PgConnection, names: &Policy, id: Uuid) -> Result<Stored> {
    let sql = format!("SELECT {COLUMNS}{FROM} a.id = $1 FOR UPDATE OF a");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id).fetch_optional(connection).await?;
    Ok(stored(&row.ok_or_else(Error::not_found)?, names)?)
}

/// On one record of a locked customer.
pub async fn attachment_count(connection: &mut PgConnection, record: Record) -> Result<i64> {
    let count = match record {
        Record::Customer(_) => sqlx::query_scalar(
            "SELECT count(*) FROM attachment
             WHERE customer_id = $1 AND contact_id IS NULL AND interaction_id IS NULL",
        ),
        Record::Contact(_) => sqlx::query_scalar("SELECT count(*) FROM attachment WHERE contact_id = $1"),
        Record::Interaction(_) => sqlx::query_scalar("SELECT count(*) FROM attachment WHERE interaction_id = $1"),
    };
    Ok(count.bind(record.id()).fetch_one(connection).await?)
}

/// A new attachment.
pub struct New<'a> {
    pub id: Uuid,
    pub customer_id: Uuid,
    pub record: Record,
    pub object_id: Uuid,
    pub sha256: &'a [u8],
    pub employee_id: Uuid,
    /// What else there is to say of it.
    pub attachment: &'a Attachment,
}

pub async fn attachment_insert(connection: &mut PgConnection, names: &Policy, new: &New<'_>) -> Result<Stored> {
    let sql = format!(
        "INSERT INTO attachment AS a
             (id, customer_id, contact_id, interaction_id, object_id, kind, name, description, content_type, size, sha256,
              state, duration_seconds, employee_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         RETURNING {COLUMNS}"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(new.id)
        .bind(new.customer_id)
        .bind(new.record.contact_id())
        .bind(new.record.interaction_id())
        .bind(new.object_id)
        .bind(new.attachment.kind)
        .bind(&new.attachment.name)
        .bind(&new.attachment.description)
        .bind(&new.attachment.content_type)
        .bind(new.attachment.size)
        .bind(new.sha256)
        .bind(new.attachment.state)
        .bind(new.attachment.duration_seconds)
        .bind(new.employee_id)
        .fetch_one(connection)
        .await?;
    Ok(stored(&row, names)?)
}

/// Writes what can change of a locked attachment.
pub async fn attachment_update(
    connection: &mut PgConnection,
    names: &Policy,
    id: Uuid,
    new: &Attachment,
) -> Result<Stored> {
    let sql = format!(
        "UPDATE attachment AS a
         SET name = $2, description = $3, state = $4, finding = $5, update_time = now(), revision = a.revision + 1
         WHERE a.id = $1
         RETURNING {COLUMNS}"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(id)
        .bind(&new.name)
        .bind(&new.description)
        .bind(new.state)
        .bind(&new.finding)
        .fetch_one(connection)
        .await?;
    Ok(stored(&row, names)?)
}

/// Of a locked one. Its object is loose from then on.
pub async fn attachment_delete(connection: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query("DELETE FROM attachment WHERE id = $1").bind(id).execute(connection).await?;
    Ok(())
}

/// Those that nobody has looked at for so long that their scan must have been given up.
pub async fn attachments_unscanned(connection: &mut PgConnection, before: DateTime<Utc>) -> Result<Vec<Uuid>> {
    let ids = sqlx::query_scalar("SELECT id FROM attachment WHERE state = $1 AND create_time < $2 LIMIT 1000");
    Ok(ids.bind(AttachmentState::Scanning as i16).bind(before).fetch_all(connection).await?)
}

/// Before an object comes in, so that it is known of whatever happens.
pub async fn object_announce(connection: &mut PgConnection, id: Uuid, due: DateTime<Utc>) -> Result<()> {
    let insert = sqlx::query("INSERT INTO loose_object (id, due_time) VALUES ($1, $2) ON CONFLICT DO NOTHING");
    insert.bind(id).bind(due).execute(connection).await?;
    Ok(())
}

/// With the row that holds it; whether it was still there to be held.
pub async fn object_hold(connection: &mut PgConnection, id: Uuid) -> Result<bool> {
    let held = sqlx::query("DELETE FROM loose_object WHERE id = $1").bind(id).execute(connection).await?;
    Ok(held.rows_affected() == 1)
}

/// One that is due, out of the list and held until the transaction ends.
pub async fn object_take_due(connection: &mut PgConnection) -> Result<Option<Uuid>> {
    let taken = sqlx::query_scalar(
        "DELETE FROM loose_object WHERE id = (
             SELECT id FROM loose_object WHERE due_time <= now() ORDER BY due_time LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING id",
    );
    Ok(taken.fetch_optional(connection).await?)
}

/// Of all attachments and archives whose content is kept.
pub async fn held_objects(connection: &mut PgConnection) -> Result<Vec<Uuid>> {
    let ids = sqlx::query_scalar(
        "SELECT object_id FROM attachment WHERE state <> $1
         UNION ALL SELECT object_id FROM privacy_request WHERE object_id IS NOT NULL ORDER BY object_id",
    );
    Ok(ids.bind(AttachmentState::Refused as i16).fetch_all(connection).await?)
}
