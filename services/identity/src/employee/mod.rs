//! Employees: `rpc` answers, `help` gets people in, `permit` and `rules` decide, `names` makes a name findable, `query`
//! tells what lists go by, `store` holds all SQL.

mod help;
pub mod membership;
pub mod names;
pub(crate) mod permit;
mod query;
mod rpc;
pub mod rules;
pub mod store;

use contracts::identity::EmployeeChanged;
use platform::db::{AuditEntry, FieldChange, Tx};
use uuid::Uuid;

pub fn emit_changed(tx: &mut Tx, id: Uuid, revision: i64, group_id: Option<Uuid>, active: bool) {
    let event = EmployeeChanged {
        id: id.to_string(),
        revision,
        group_id: group_id.map(|id| id.to_string()).unwrap_or_default(),
        active,
        deleted: false,
    };
    tx.emit("employee", id, &event);
}

/// What the trail is told of somebody, or a program, who is moved from one group to another; by names, empty for none.
pub fn moved(id: Uuid, service_account: bool, from: &str, to: &str) -> AuditEntry {
    let (action, record_kind) = match service_account {
        true => ("service_account.updated", "service_account"),
        false => ("employee.updated", "employee"),
    };
    let changes = vec![FieldChange { field: "group".to_owned(), before: from.to_owned(), after: to.to_owned() }];
    AuditEntry { action, record_kind, record_id: id, subject_id: id, changes }
}

pub fn emit_deleted(tx: &mut Tx, id: Uuid, revision: i64) {
    let event = EmployeeChanged { id: id.to_string(), revision, deleted: true, ..Default::default() };
    tx.emit("employee", id, &event);
}
