//! Retention: takes entries off the start of the chain. The digest of the last one stays as the new start, so what is left
//! verifies as before; that it was done stands in the trail.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::store;
use crate::db::{AuditEntry, Db, FieldChange};
use crate::error::Result;

/// Removed in one transaction.
const BATCH: i64 = 5_000;

/// Removes what is older than so many days; answers how much.
pub async fn prune(db: &Db, days: i64) -> Result<u64> {
    let mut removed = 0;
    loop {
        let batch = prune_batch(db, days).await?;
        removed += batch;
        if batch < BATCH.cast_unsigned() {
            return Ok(removed);
        }
    }
}

async fn prune_batch(db: &Db, days: i64) -> Result<u64> {
    let mut tx = db.begin().await?;
    let Some((mut ends, seal)) = store::ends_lock(tx.connection()).await? else { return Ok(0) };
    // A chain that does not hold stays as it is, as evidence.
    if db.audit_key().ends(&ends)[..] != seal[..] {
        tracing::error!(service = db.service(), "the audit trail is not pruned: its seal does not hold");
        return Ok(0);
    }
    let Some((last, digest, count)) = prunable(tx.connection(), days).await? else { return Ok(0) };
    sqlx::query("SELECT set_config('changke.audit', 'prune', true)").execute(tx.connection()).await?;
    sqlx::query("DELETE FROM audit_entry WHERE id IN (SELECT entry_id FROM audit_link WHERE sequence <= $1)")
        .bind(last)
        .execute(tx.connection())
        .await?;
    sqlx::query("DELETE FROM audit_link WHERE sequence <= $1").bind(last).execute(tx.connection()).await?;
    ends.start = (last, store::hash(&digest));
    store::ends_set(tx.connection(), &ends, db.audit_key()).await?;
    let id = Uuid::now_v7();
    let field = |field: &str, after: String| FieldChange { field: field.to_owned(), before: String::new(), after };
    tx.audit(AuditEntry {
        action: "audit.pruned",
        record_kind: "audit",
        record_id: id,
        subject_id: id,
        changes: vec![
            field("count", count.to_string()),
            field("sequence", last.to_string()),
            field("digest", super::checkpoint::hex(&digest)),
            field("retention_days", days.to_string()),
        ],
    });
    tx.commit().await?;
    Ok(count.cast_unsigned())
}

/// The longest beginning of the chain, up to a batch, whose entries are all old enough: its last place and digest, and how
/// many they are.
async fn prunable(connection: &mut PgConnection, days: i64) -> Result<Option<(i64, Vec<u8>, i64)>> {
    let rows: Vec<(i64, Vec<u8>, Option<DateTime<Utc>>)> = sqlx::query_as(
        "SELECT l.sequence, l.digest, e.time FROM audit_link AS l LEFT JOIN audit_entry AS e ON e.id = l.entry_id
         ORDER BY l.sequence LIMIT $1",
    )
    .bind(BATCH)
    .fetch_all(connection)
    .await?;
    let limit = Utc::now() - chrono::TimeDelta::days(days);
    let old = rows.into_iter().take_while(|(_, _, time)| time.is_some_and(|time| time < limit));
    let mut count = 0;
    Ok(old.inspect(|_| count += 1).last().map(|(sequence, digest, _)| (sequence, digest)).map(|(s, d)| (s, d, count)))
}
