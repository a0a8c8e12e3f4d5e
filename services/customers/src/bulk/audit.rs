//! What the audit trail holds of a bulk change as a whole; each customer has an entry of its own.

use platform::db::{AuditEntry, FieldChange, Tx};

use super::store::Stored;
use super::values;

fn write(tx: &mut Tx, action: &'static str, bulk: &Stored, fields: &[(&str, String)]) {
    let changes = fields.iter().filter(|(_, value)| !value.is_empty());
    tx.audit(AuditEntry {
        action,
        record_kind: "bulk_change",
        record_id: bulk.id,
        subject_id: bulk.id,
        changes: changes.map(|(field, value)| FieldChange::set(field, value.clone())).collect(),
    });
}

pub fn started(tx: &mut Tx, bulk: &Stored) {
    let fields = [
        ("update_mask", values::paths(&bulk.new_values).join(", ")),
        ("filter", bulk.filter.clone()),
        ("count", bulk.expected_count.to_string()),
    ];
    write(tx, "bulk_change.started", bulk, &fields);
}

pub fn undo_started(tx: &mut Tx, bulk: &Stored) {
    write(tx, "bulk_change.undo_started", bulk, &[]);
}

pub fn completed(tx: &mut Tx, bulk: &Stored) {
    let fields = [("changed", bulk.changed_count.to_string()), ("refused", bulk.refused_count.to_string())];
    write(tx, "bulk_change.completed", bulk, &fields);
}

pub fn undone(tx: &mut Tx, bulk: &Stored) {
    let fields = [("restored", bulk.restored_count.to_string()), ("kept", bulk.kept_count.to_string())];
    write(tx, "bulk_change.undone", bulk, &fields);
}
