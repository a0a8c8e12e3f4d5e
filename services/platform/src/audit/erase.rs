//! Erases what entries say of a person: before and after go, who did what to which field and when stays. The chain holds,
//! since it is made over salted commitments; an entry of its own tells which entries were erased, without which `verify`
//! takes them for tampered with.

use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use super::store::{ENTRY_COLUMNS, Entry};
use crate::db::{AuditEntry, FieldChange, Tx};
use crate::error::Result;

pub(super) const ERASED: &str = "audit.erased";
pub(super) const ENTRIES: &str = "entries";

/// Entries that one entry tells of.
const BATCH: usize = 1_000;

/// Of whose entries, and for which request.
pub struct Erasure<'a> {
    /// Entries about any of these.
    pub record_ids: &'a [Uuid],
    /// Entries, whatever they are about, that quote any of these in a filter that somebody used or in the name of a file.
    pub texts: &'a [String],
    /// What the trail knows it by.
    pub request_id: Uuid,
    pub subject_id: Uuid,
}

/// Blanks the entries that are not blank yet; answers how many.
pub async fn erase(tx: &mut Tx, erasure: &Erasure<'_>) -> Result<u64> {
    let found = entries_find(tx.connection(), erasure).await?;
    sqlx::query("SELECT set_config('changke.audit', 'erase', true)").execute(tx.connection()).await?;
    let service = tx.service();
    for batch in found.chunks(BATCH) {
        let ids: Vec<Uuid> = batch.iter().map(|entry| entry.id).collect();
        // Of an entry without a commitment, the digest is all that is left to check the chain by.
        let leaves: Vec<Option<Vec<u8>>> =
            batch.iter().map(|entry| entry.plain().then(|| entry.leaf(service).to_vec())).collect();
        sqlx::query(
            "UPDATE audit_entry AS e
             SET changes = (SELECT coalesce(jsonb_agg(jsonb_build_object('field', change -> 'field')), '[]')
                            FROM jsonb_array_elements(e.changes) AS change),
                 salt = NULL, leaf = erased.leaf
             FROM unnest($1::uuid[], $2::bytea[]) AS erased (id, leaf)
             WHERE e.id = erased.id",
        )
        .bind(&ids)
        .bind(&leaves)
        .execute(tx.connection())
        .await?;
        let list = ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(",");
        tx.audit(AuditEntry {
            action: ERASED,
            record_kind: "audit",
            record_id: erasure.request_id,
            subject_id: erasure.subject_id,
            changes: vec![FieldChange::set(ENTRIES, list)],
        });
    }
    sqlx::query("SELECT set_config('changke.audit', '', true)").execute(tx.connection()).await?;
    Ok(found.len() as u64)
}

/// Those that say something, held until the transaction ends. The ids are served by `audit_entry_subject` and
/// `audit_entry_record`; texts by nothing, since erasures are few.
async fn entries_find(connection: &mut PgConnection, erasure: &Erasure<'_>) -> Result<Vec<Entry>> {
    let patterns: Vec<String> = erasure.texts.iter().map(|text| like(text)).collect();
    let sql = format!(
        "SELECT {ENTRY_COLUMNS} FROM audit_entry AS e
         WHERE e.id IN (
                 SELECT id FROM audit_entry WHERE subject_id = ANY($1)
                 UNION ALL SELECT id FROM audit_entry WHERE record_id = ANY($1)
                 UNION ALL SELECT id FROM audit_entry
                           WHERE cardinality($2::text[]) > 0 AND changes::text LIKE ANY($2)
                             AND (changes @> '[{{\"field\": \"filter\"}}]' OR changes @> '[{{\"field\": \"import\"}}]'))
           AND e.leaf IS NULL AND (e.commitment IS NULL OR e.salt IS NOT NULL) AND e.action <> $3
         ORDER BY e.id FOR UPDATE"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(erasure.record_ids).bind(&patterns).bind(ERASED);
    let rows = rows.fetch_all(connection).await?;
    Ok(rows.iter().map(|row| Entry::read(row, 0)).filter_map(Result::transpose).collect::<sqlx::Result<_>>()?)
}

/// A pattern for a text within JSON.
fn like(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    let inner = quoted.get(1..quoted.len() - 1).unwrap_or_default();
    let escaped = inner.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_as_json_has_it() {
        assert_eq!(like("50%_a"), "%50\\%\\_a%");
        assert_eq!(like("a\"b"), "%a\\\\\"b%");
    }
}
