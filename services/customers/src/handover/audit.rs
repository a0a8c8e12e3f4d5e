//! What the audit trail and other services hear of handovers.

use contracts::customers::{HandoverCompleted, HandoverLine, HandoverReceiver, HandoverRequested};
use platform::access::Policy;
use platform::db::{AuditEntry, FieldChange, Tx};
use uuid::Uuid;

use super::store::Stored;

pub const AGGREGATE: &str = "handover";

pub fn entry(action: &'static str, id: Uuid, fields: &[(&str, String)]) -> AuditEntry {
    let changes = fields.iter().map(|(field, value)| FieldChange {
        field: (*field).to_owned(),
        before: String::new(),
        after: value.clone(),
    });
    AuditEntry { action, record_kind: AGGREGATE, record_id: id, subject_id: id, changes: changes.collect() }
}

pub fn requested(tx: &mut Tx, handover: &Stored, undo: bool, policy: &Policy) {
    let receivers = handover.receivers.iter().map(|receiver| HandoverReceiver {
        employee_id: receiver.employee_id.to_string(),
        // Events hold no names.
        employee_name: String::new(),
        share: receiver.share,
        regions: receiver.regions.clone(),
    });
    let event = HandoverRequested {
        id: handover.id.to_string(),
        from_employee_id: handover.from_employee_id.to_string(),
        receivers: receivers.collect(),
        everything: handover.filter.is_empty(),
        actor_id: handover.actor_id.to_string(),
        undo,
    };
    tx.emit(AGGREGATE, handover.id, &event);
    let receivers = handover.receivers.iter().map(|receiver| policy.employee_name(receiver.employee_id));
    let fields = [
        ("from_employee_id", policy.employee_name(handover.from_employee_id).to_owned()),
        ("receivers", receivers.collect::<Vec<_>>().join(", ")),
        ("filter", handover.filter.clone()),
        ("note", handover.note.clone()),
    ];
    tx.audit(entry(if undo { "handover.undo_started" } else { "handover.started" }, handover.id, &fields));
}

pub fn completed(tx: &mut Tx, handover: &Stored, lines: Vec<HandoverLine>, undo: bool) {
    let sum = |count: fn(&HandoverLine) -> i64| {
        lines.iter().filter(|line| line.kind == "customer").map(count).sum::<i64>().to_string()
    };
    let fields = if undo {
        vec![("returned", sum(|line| line.returned_count)), ("kept", sum(|line| line.kept_count))]
    } else {
        vec![("moved", sum(|line| line.moved_count))]
    };
    tx.audit(entry(if undo { "handover.undone" } else { "handover.completed" }, handover.id, &fields));
    let event = HandoverCompleted {
        id: handover.id.to_string(),
        from_employee_id: handover.from_employee_id.to_string(),
        lines,
        undo,
    };
    tx.emit(AGGREGATE, handover.id, &event);
}
