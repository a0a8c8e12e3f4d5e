//! What a write changed, field by field, for its audit entry.

use platform::db::FieldChange;
use uuid::Uuid;

/// Collects the fields that differ.
#[derive(Default)]
pub struct Changes {
    prefix: String,
    list: Vec<FieldChange>,
}

impl Changes {
    /// Of a part that is known by a key rather than an id; fields are written `key.field`.
    pub fn of(key: &str) -> Self {
        Self { prefix: format!("{key}."), list: Vec::new() }
    }

    #[allow(clippy::needless_pass_by_value, reason = "texts, references, numbers and booleans read alike at the call")]
    pub fn add(&mut self, field: &str, before: impl ToString, after: impl ToString) {
        let (before, after) = (before.to_string(), after.to_string());
        if before != after {
            self.list.push(FieldChange { field: format!("{}{field}", self.prefix), before, after });
        }
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl From<Changes> for Vec<FieldChange> {
    fn from(changes: Changes) -> Self {
        changes.list
    }
}

/// The id under which the audit trail knows a record that is identified by codes: always the same for the same codes.
pub fn key_id(codes: &[&str]) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, codes.join("/").as_bytes())
}
