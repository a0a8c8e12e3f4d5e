//! Reading the trail: by filter, latest first, page by page.

use std::sync::LazyLock;

use chrono::{DateTime, FixedOffset, Utc};
use contracts::operations::{AuditEntry, AuditedChange};
use sqlx::types::Json;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use crate::db::{FieldChange, timestamp};
use crate::error::{Error, Result};
use crate::filter::{self, Column, EvalContext, FieldType, Predicate, Schema};

/// Where days begin in filters: China has one zone.
const ZONE: FixedOffset = FixedOffset::east_opt(8 * 60 * 60).expect("eight hours are less than a day");

/// An entry's place: its time, and its id among those of one time.
pub type Place = (DateTime<Utc>, Uuid);

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let kinds = [("SYSTEM", 0), ("EMPLOYEE", 1), ("SERVICE_ACCOUNT", 2), ("SERVICE", 3)];
    let kinds = kinds.into_iter().flat_map(|(name, number)| {
        let long = if number == 0 { "ACTOR_KIND_UNSPECIFIED".to_owned() } else { format!("ACTOR_KIND_{name}") };
        [(name.to_owned(), number), (long, number)]
    });
    // Times, actors and records have indexes, in the order of the list.
    Schema::new()
        .field("id", FieldType::Uuid, Column::sql("e.id"))
        .field("time", FieldType::Timestamp, Column::sql("e.time"))
        .field("actor_kind", FieldType::int_enum(kinds), Column::sql("e.actor_kind"))
        .field("actor_id", FieldType::Uuid, Column::sql("e.actor_id"))
        .field("actor_name", FieldType::Text, Column::sql("e.actor_name"))
        .field("address", FieldType::String, Column::sql("e.address"))
        .field("request_id", FieldType::String, Column::sql("e.request_id"))
        .field("action", FieldType::String, Column::sql("e.action"))
        .field("record_kind", FieldType::String, Column::sql("e.record_kind"))
        .field("record_id", FieldType::Uuid, Column::sql("e.record_id"))
        .field("subject_id", FieldType::Uuid, Column::sql("e.subject_id"))
});

/// A checked filter.
pub struct Selection {
    predicate: Predicate,
    context: EvalContext,
}

impl Selection {
    pub fn new(filter: &str, me: Option<Uuid>) -> Result<Self> {
        let predicate = filter::compile(filter, &SCHEMA).map_err(|fault| Error::filter("filter", &fault))?;
        Ok(Self { predicate, context: EvalContext::at(Utc::now().with_timezone(&ZONE), me) })
    }
}

/// Those behind a place, latest first.
pub async fn entry_list(
    connection: &mut PgConnection,
    selection: &Selection,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<(Place, AuditEntry)>> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT ");
    query.push(super::store::ENTRY_COLUMNS).push(" FROM audit_entry AS e WHERE TRUE");
    if !selection.predicate.is_everything() {
        query.push(" AND ");
        selection.predicate.push_sql(&mut query, &selection.context);
    }
    if let Some((time, id)) = after {
        query.push(" AND (e.time, e.id) < (").push_bind(time).push(", ").push_bind(id).push(")");
    }
    query.push(" ORDER BY e.time DESC, e.id DESC LIMIT ").push_bind(limit);
    let rows = query.build().fetch_all(connection).await?;
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        let place: Place = (row.try_get("time")?, row.try_get("id")?);
        let id = |name| row.try_get::<Option<Uuid>, _>(name).map(|id| id.map(|id| id.to_string()).unwrap_or_default());
        let Json(changes) = row.try_get::<Json<Vec<FieldChange>>, _>("changes")?;
        let entry = AuditEntry {
            id: place.1.to_string(),
            time: Some(timestamp(place.0)),
            actor_kind: row.try_get::<i16, _>("actor_kind")?.into(),
            actor_id: id("actor_id")?,
            actor_name: row.try_get("actor_name")?,
            session_id: id("session_id")?,
            address: row.try_get("address")?,
            request_id: row.try_get("request_id")?,
            action: row.try_get("action")?,
            record_kind: row.try_get("record_kind")?,
            record_id: id("record_id")?,
            subject_id: id("subject_id")?,
            changes: changes
                .into_iter()
                .map(|FieldChange { field, before, after }| AuditedChange { field, before, after })
                .collect(),
        };
        entries.push((place, entry));
    }
    Ok(entries)
}
