//! What the audit trail says of imports.

use platform::db::{AuditEntry, FieldChange};
use uuid::Uuid;

use super::store::Progress;

pub fn entry(action: &'static str, id: Uuid, fields: &[(&str, String)]) -> AuditEntry {
    let changes = fields.iter().map(|(field, value)| FieldChange {
        field: (*field).to_owned(),
        before: String::new(),
        after: value.clone(),
    });
    AuditEntry { action, record_kind: "import", record_id: id, subject_id: id, changes: changes.collect() }
}

/// A run that is over, with its counts.
pub fn ended(action: &'static str, id: Uuid, progress: &Progress) -> AuditEntry {
    let counts = [
        ("created", progress.created),
        ("updated", progress.updated),
        ("unchanged", progress.unchanged),
        ("skipped", progress.skipped),
        ("failed", progress.failed),
    ];
    entry(action, id, &counts.map(|(field, count)| (field, count.to_string())))
}
