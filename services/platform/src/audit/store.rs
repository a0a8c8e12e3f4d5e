//! All SQL of the chain. Whoever holds the row of `audit_chain` may append or prune.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, Row};
use uuid::Uuid;

use super::encoding::{Fields, Hash, Said, commitment, leaf};
use super::seal::{Ends, Key, link};

/// Entries taken at once.
pub(super) const BATCH: i64 = 2_000;

pub(super) const GENESIS: Ends = Ends { start: (0, [0; 32]), end: (0, [0; 32]) };

/// An entry waiting for its place.
#[derive(FromRow)]
pub(super) struct Pending {
    pub(super) entry_id: Uuid,
    pub(super) leaf: Vec<u8>,
    pub(super) mac: Vec<u8>,
}

pub(super) struct Link {
    pub(super) sequence: i64,
    pub(super) entry_id: Uuid,
    pub(super) digest: Hash,
    pub(super) flaw: i16,
}

/// The chain's state, for people.
#[derive(Debug, Clone, FromRow)]
pub struct ChainState {
    /// Place of the last entry that was pruned; 0 when none was.
    pub start_sequence: i64,
    /// Place of the last entry.
    pub sequence: i64,
    pub digest: Vec<u8>,
    pub update_time: DateTime<Utc>,
    /// Entries that have no place yet.
    pub pending: i64,
    /// When the oldest of them was written.
    pub pending_since: Option<DateTime<Utc>>,
    /// Entries that were not sound when they were taken in.
    pub flawed: i64,
}

pub async fn state(connection: &mut PgConnection) -> sqlx::Result<Option<ChainState>> {
    sqlx::query_as(
        "SELECT start_sequence, sequence, digest, update_time,
                (SELECT count(*) FROM audit_pending) AS pending,
                (SELECT min(create_time) FROM audit_pending) AS pending_since,
                (SELECT count(*) FROM audit_link WHERE flaw <> 0) AS flawed
         FROM audit_chain",
    )
    .fetch_optional(connection)
    .await
}

/// Bytes that are no digest compare with none.
pub(super) fn hash(bytes: &[u8]) -> Hash {
    bytes.try_into().unwrap_or([0xff; 32])
}

fn ends(row: &PgRow) -> sqlx::Result<(Ends, Vec<u8>)> {
    let ends = Ends { start: (row.try_get(0)?, hash(row.try_get(1)?)), end: (row.try_get(2)?, hash(row.try_get(3)?)) };
    Ok((ends, row.try_get(4)?))
}

/// Both ends with their seal, as they stand.
pub(super) async fn ends_get(connection: &mut PgConnection) -> sqlx::Result<Option<(Ends, Vec<u8>)>> {
    sqlx::query("SELECT start_sequence, start_digest, sequence, digest, seal FROM audit_chain")
        .fetch_optional(connection)
        .await?
        .as_ref()
        .map(ends)
        .transpose()
}

/// The same, held until the transaction ends; nothing when somebody else is at it.
pub(super) async fn ends_try_lock(connection: &mut PgConnection) -> sqlx::Result<Option<(Ends, Vec<u8>)>> {
    sqlx::query("SELECT start_sequence, start_digest, sequence, digest, seal FROM audit_chain FOR UPDATE SKIP LOCKED")
        .fetch_optional(connection)
        .await?
        .as_ref()
        .map(ends)
        .transpose()
}

pub(super) async fn ends_lock(connection: &mut PgConnection) -> sqlx::Result<Option<(Ends, Vec<u8>)>> {
    sqlx::query("SELECT start_sequence, start_digest, sequence, digest, seal FROM audit_chain FOR UPDATE")
        .fetch_optional(connection)
        .await?
        .as_ref()
        .map(ends)
        .transpose()
}

pub(super) async fn ends_set(connection: &mut PgConnection, ends: &Ends, key: &Key) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO audit_chain (start_sequence, start_digest, sequence, digest, seal) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (only_row) DO UPDATE SET
             start_sequence = $1, start_digest = $2, sequence = $3, digest = $4, seal = $5, update_time = now()",
    )
    .bind(ends.start.0)
    .bind(ends.start.1)
    .bind(ends.end.0)
    .bind(ends.end.1)
    .bind(key.ends(ends))
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes entries out of the queue, in the order in which they were made.
pub(super) async fn pending_take(connection: &mut PgConnection) -> sqlx::Result<Vec<Pending>> {
    let mut taken: Vec<Pending> = sqlx::query_as(
        "DELETE FROM audit_pending WHERE ctid = ANY(ARRAY(SELECT ctid FROM audit_pending LIMIT $1))
         RETURNING entry_id, leaf, mac",
    )
    .bind(BATCH)
    .fetch_all(connection)
    .await?;
    taken.sort_unstable_by_key(|pending| pending.entry_id);
    Ok(taken)
}

/// Which of some entries are in the queue or in the chain, each with whether it is in the chain. Served by
/// `audit_link_entry`.
pub(super) async fn entries_under_way(
    connection: &mut PgConnection,
    entries: &[Uuid],
) -> sqlx::Result<HashMap<Uuid, bool>> {
    let found: Vec<(Uuid, bool)> = sqlx::query_as(
        "SELECT entry_id, false FROM audit_pending WHERE entry_id = ANY($1)
         UNION ALL
         SELECT entry_id, true FROM audit_link WHERE entry_id = ANY($1)",
    )
    .bind(entries)
    .fetch_all(connection)
    .await?;
    Ok(found.into_iter().collect())
}

pub(super) async fn links_insert(connection: &mut PgConnection, links: &[Link]) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO audit_link (sequence, entry_id, digest, flaw)
         SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::bytea[], $4::smallint[])",
    )
    .bind(links.iter().map(|link| link.sequence).collect::<Vec<_>>())
    .bind(links.iter().map(|link| link.entry_id).collect::<Vec<_>>())
    .bind(links.iter().map(|link| &link.digest[..]).collect::<Vec<_>>())
    .bind(links.iter().map(|link| link.flaw).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// An entry with all its fields.
pub(super) struct Entry {
    pub(super) id: Uuid,
    pub(super) time: DateTime<Utc>,
    actor_kind: i16,
    actor_id: Option<Uuid>,
    actor_name: String,
    session_id: Option<Uuid>,
    address: String,
    request_id: String,
    action: String,
    record_kind: String,
    record_id: Uuid,
    subject_id: Uuid,
    changes: Value,
    salt: Option<Vec<u8>>,
    commitment: Option<Vec<u8>>,
    leaf: Option<Vec<u8>>,
}

pub(super) const ENTRY_COLUMNS: &str = "e.id, e.time, e.actor_kind, e.actor_id, e.actor_name, e.session_id, e.address,
    e.request_id, e.action, e.record_kind, e.record_id, e.subject_id, e.changes, e.salt, e.commitment, e.leaf";

impl Entry {
    /// Nothing where the join found none; `from` is the index of the first column.
    pub(super) fn read(row: &PgRow, from: usize) -> sqlx::Result<Option<Self>> {
        let Some(id) = row.try_get::<Option<Uuid>, _>(from)? else { return Ok(None) };
        Ok(Some(Self {
            id,
            time: row.try_get(from + 1)?,
            actor_kind: row.try_get(from + 2)?,
            actor_id: row.try_get(from + 3)?,
            actor_name: row.try_get(from + 4)?,
            session_id: row.try_get(from + 5)?,
            address: row.try_get(from + 6)?,
            request_id: row.try_get(from + 7)?,
            action: row.try_get(from + 8)?,
            record_kind: row.try_get(from + 9)?,
            record_id: row.try_get(from + 10)?,
            subject_id: row.try_get(from + 11)?,
            changes: row.try_get(from + 12)?,
            salt: row.try_get(from + 13)?,
            commitment: row.try_get(from + 14)?,
            leaf: row.try_get(from + 15)?,
        }))
    }

    /// The entry that was gone before it was chained, where this one says so.
    pub(super) fn tells_of_removed(&self) -> Option<Uuid> {
        (self.action == super::witness::REMOVED).then_some(self.record_id)
    }

    /// Whether it is of the time before there were commitments.
    pub(super) fn plain(&self) -> bool {
        self.commitment.is_none()
    }

    /// Whether its values were erased.
    pub(super) fn is_erased(&self) -> bool {
        self.leaf.is_some() || (self.commitment.is_some() && self.salt.is_none())
    }

    /// The entries whose values were erased, where this one says so.
    pub(super) fn tells_of_erased(&self) -> Vec<Uuid> {
        if self.action != super::erase::ERASED {
            return Vec::new();
        }
        let changes = self.changes.as_array().into_iter().flatten();
        let listed = changes.filter(|change| change["field"] == super::erase::ENTRIES);
        listed.flat_map(|change| change["after"].as_str().unwrap_or_default().split(',')).flat_map(str::parse).collect()
    }

    /// Whether what it says of the changes is what was committed to; nothing at all once it was erased.
    pub(super) fn says_what_it_said(&self) -> bool {
        if self.is_erased() {
            let changes = self.changes.as_array().into_iter().flatten();
            return changes.into_iter().all(|change| change.get("before").is_none() && change.get("after").is_none());
        }
        match (&self.salt, &self.commitment) {
            (Some(salt), Some(said)) => commitment(salt, &self.changes)[..] == said[..],
            _ => true,
        }
    }

    pub(super) fn leaf(&self, service: &str) -> Hash {
        if let Some(leaf) = &self.leaf {
            return hash(leaf);
        }
        let committed = self.commitment.as_deref().map(hash);
        leaf(&Fields {
            service,
            id: self.id,
            time: self.time,
            actor_kind: self.actor_kind,
            actor_id: self.actor_id,
            actor_name: &self.actor_name,
            session_id: self.session_id,
            address: &self.address,
            request_id: &self.request_id,
            action: &self.action,
            record_kind: &self.record_kind,
            record_id: self.record_id,
            subject_id: self.subject_id,
            said: committed.as_ref().map_or(Said::Plain(&self.changes), Said::Committed),
        })
    }
}

/// Begins the chain with the entries that are there, once; part of the migration.
pub(crate) async fn adopt(connection: &mut PgConnection, service: &str, key: &Key) -> sqlx::Result<()> {
    use sqlx::Connection;
    if ends_get(&mut *connection).await?.is_some() {
        return Ok(());
    }
    let mut tx = connection.begin().await?;
    // Of two migrations at once, one begins the chain.
    sqlx::query("LOCK TABLE audit_chain IN SHARE ROW EXCLUSIVE MODE").execute(&mut *tx).await?;
    if ends_get(&mut tx).await?.is_some() {
        return Ok(());
    }
    let mut ends = GENESIS;
    let mut after = Uuid::nil();
    let query = format!("SELECT {ENTRY_COLUMNS} FROM audit_entry AS e WHERE e.id > $1 ORDER BY e.id LIMIT $2");
    loop {
        let rows = sqlx::query(sqlx::AssertSqlSafe(query.as_str())).bind(after).bind(BATCH).fetch_all(&mut *tx).await?;
        let mut links = Vec::with_capacity(rows.len());
        for row in &rows {
            let Some(entry) = Entry::read(row, 0)? else { continue };
            let sequence = ends.end.0 + 1;
            let digest = link(&ends.end.1, sequence, entry.id, &entry.leaf(service), 0);
            ends.end = (sequence, digest);
            links.push(Link { sequence, entry_id: entry.id, digest, flaw: 0 });
            after = entry.id;
        }
        links_insert(&mut tx, &links).await?;
        if rows.len() < BATCH as usize {
            break;
        }
    }
    ends_set(&mut tx, &ends, key).await?;
    tx.commit().await
}
