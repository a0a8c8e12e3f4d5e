//! SQL of timelines: the audit entries whose subject is the customer. Interactions come from `interaction::store`.

use chrono::{DateTime, Utc};
use contracts::customers::TimelineKind;
use platform::access::RowPredicate;
use platform::db::FieldChange;
use platform::error::{Error, Result};
use sqlx::types::Json;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use crate::parent::CUSTOMER_ROWS;

/// Which parts of a customer's timeline the caller may see.
#[derive(Debug, Clone, Copy)]
pub struct Visible {
    pub interactions: bool,
    pub contacts: bool,
}

/// What is asked for: numbers of `TimelineKind`, all of them when there are none.
#[derive(Debug, Clone, Default)]
pub struct Kinds(Vec<i32>);

impl Kinds {
    pub fn new(mut kinds: Vec<i32>) -> Self {
        kinds.sort_unstable();
        kinds.dedup();
        Self(kinds)
    }

    pub fn has(&self, kind: TimelineKind) -> bool {
        self.0.is_empty() || self.0.contains(&(kind as i32))
    }

    /// Whether there is any but interactions.
    pub fn has_changes(&self) -> bool {
        self.0.is_empty() || self.0.iter().any(|kind| *kind != TimelineKind::Interaction as i32)
    }

    /// As a page is bound to it.
    pub fn text(&self) -> String {
        self.0.iter().map(i32::to_string).collect::<Vec<_>>().join(",")
    }
}

/// NOT_FOUND unless the customer is covered by `read`.
pub async fn timeline_visible(
    connection: &mut PgConnection,
    customer_id: Uuid,
    [read, interactions, contacts]: [&RowPredicate; 3],
) -> Result<Visible> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT ");
    interactions.push_sql(&mut query, CUSTOMER_ROWS);
    query.push(", ");
    contacts.push_sql(&mut query, CUSTOMER_ROWS);
    query.push(" FROM customer AS c WHERE c.id = ").push_bind(customer_id).push(" AND ");
    read.push_sql(&mut query, CUSTOMER_ROWS);
    let row = query.build().fetch_optional(connection).await?.ok_or_else(Error::not_found)?;
    // A comparison with an owner or a group that isn't there is no yes.
    let covered = |index| Ok::<_, sqlx::Error>(row.try_get::<Option<bool>, _>(index)?.unwrap_or_default());
    Ok(Visible { interactions: covered(0)?, contacts: covered(1)? })
}

/// An audit entry, as far as a timeline tells of it.
pub struct Change {
    pub id: Uuid,
    pub time: DateTime<Utc>,
    pub actor_name: String,
    pub action: String,
    pub record_kind: String,
    pub fields: Vec<FieldChange>,
}

/// Those before a place in time, latest first. Changes of interactions are left out: the interactions stand for
/// themselves. Of files, which may hang on contacts and interactions, only those hear who see all of these; that one was
/// scanned or downloaded is for the trail alone, and so is what people ask for of their privacy. `audit_entry_subject` finds a
/// customer's entries, which are few enough to sort.
pub async fn change_list_before(
    connection: &mut PgConnection,
    customer_id: Uuid,
    (visible, kinds): (Visible, &Kinds),
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Change>> {
    if !kinds.has_changes() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(
        "SELECT id, time, actor_name, action, record_kind, changes FROM audit_entry
         WHERE subject_id = $1 AND record_kind <> 'interaction' AND ($2 OR record_kind <> 'contact')
           AND ($6 OR record_kind <> 'attachment') AND action NOT IN ('attachment.downloaded', 'attachment.scanned')
           AND ($2 OR record_kind NOT IN ('consent', 'contact_ban') OR NOT changes @> '[{\"field\": \"contact_id\"}]')
           AND record_kind NOT IN ('privacy_request', 'erasure_hold', 'audit')
           AND (cardinality($7::int[]) = 0 OR $7 @> ARRAY[CASE
                WHEN record_kind = 'customer_share' OR action IN ('customer.assigned', 'customer.claimed',
                    'customer.returned', 'customer.recycled', 'customer.followed_owner', 'customer.handed_over',
                    'customer.handed_back') THEN 6
                WHEN record_kind = 'customer' THEN 2
                WHEN record_kind = 'contact' THEN 3
                WHEN record_kind = 'relation' THEN 4
                WHEN record_kind = 'attachment' THEN 5
                WHEN record_kind IN ('consent', 'contact_ban') THEN 7
                ELSE 8 END])
           AND ($3::timestamptz IS NULL OR (time, id) < ($3, $4))
         ORDER BY time DESC, id DESC LIMIT $5",
    )
    .bind(customer_id)
    .bind(visible.contacts)
    .bind(before.map(|before| before.0))
    .bind(before.map(|before| before.1))
    .bind(limit)
    .bind(visible.contacts && visible.interactions)
    .bind(&kinds.0)
    .fetch_all(connection)
    .await?;
    let mut changes = Vec::with_capacity(rows.len());
    for row in rows {
        changes.push(Change {
            id: row.try_get(0)?,
            time: row.try_get(1)?,
            actor_name: row.try_get(2)?,
            action: row.try_get(3)?,
            record_kind: row.try_get(4)?,
            fields: row.try_get::<Json<Vec<FieldChange>>, _>(5)?.0,
        });
    }
    Ok(changes)
}

/// The names of those of the customers that the predicate covers.
pub async fn customer_names(
    connection: &mut PgConnection,
    rows: &RowPredicate,
    ids: &[Uuid],
) -> Result<Vec<(Uuid, String)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = QueryBuilder::<Postgres>::new("SELECT c.id, c.name FROM customer AS c WHERE c.id = ANY(");
    query.push_bind(ids).push(") AND ");
    rows.push_sql(&mut query, CUSTOMER_ROWS);
    Ok(query.build_query_as().fetch_all(connection).await?)
}
