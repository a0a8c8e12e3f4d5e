//! Seeing masked personal data in clear: one record a call, counted by the trail, which names the kinds and never the
//! values.

use bytes::Bytes;
use contracts::options::{PersonalData, Visibility};
use prost::{Message, Name};
use tonic::Code;
use uuid::Uuid;

use crate::access::Call;
use crate::contract::Contract;
use crate::db::{AuditEntry, FieldChange, Tx};
use crate::error::{Error, Result, reason};
use crate::parameters;

/// The record that is revealed, as it is answered.
pub struct Revealed<'a, M> {
    pub action: &'static str,
    pub record_kind: &'static str,
    pub record_id: Uuid,
    pub subject_id: Uuid,
    /// Why, in the caller's words; may be empty.
    pub reason: &'a str,
    pub message: M,
    /// Kinds that the message holds beyond what the contract says of it.
    pub further_kinds: Vec<PersonalData>,
}

impl<M: Message + Name> Revealed<'_, M> {
    /// Counts and audits, and gives the record out once that is committed. RESOURCE_EXHAUSTED beyond what an hour allows.
    pub async fn give(self, mut tx: Tx, call: &Call) -> Result<M> {
        let limit = call.caller.policy().map_or(0, |policy| parameters::REVEALS_PER_HOUR.integer(policy));
        // Each service counts by its own trail: a count over all of them would make every reveal wait for the others, and
        // fail with them. Calls of one person take turns, so that none slips past the limit beside another.
        sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('changke/reveal/' || current_schema() || $1, 0))")
            .bind(call.caller_id().to_string())
            .execute(tx.connection())
            .await?;
        // Served by `audit_entry_actor`.
        let count: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM audit_entry
             WHERE actor_id = $1 AND time > now() - interval '1 hour' AND action LIKE '%.revealed'",
        )
        .bind(call.caller.employee_id())
        .fetch_one(tx.connection())
        .await?;
        if count >= limit {
            return Err(Error::new(Code::ResourceExhausted, &reason::REVEALS_EXHAUSTED).arg("limit", limit));
        }
        let contract = Contract::get();
        let wire = Bytes::from(self.message.encode_to_vec());
        let mut kinds = self.further_kinds;
        if let Some(id) = contract.message_named(&M::full_name()) {
            kinds.extend(contract.kinds_in(id, &wire));
        }
        kinds.retain(|kind| call.caller.visibility(*kind) == Visibility::Masked);
        kinds.sort_unstable();
        kinds.dedup();
        let kinds: Vec<&str> = kinds.iter().map(PersonalData::as_str_name).collect();
        let field = |field: &str, after: String| FieldChange { field: field.to_owned(), before: String::new(), after };
        let mut changes = vec![field("kinds", kinds.join(", "))];
        if !self.reason.is_empty() {
            changes.push(field("reason", self.reason.to_owned()));
        }
        tx.audit(AuditEntry {
            action: self.action,
            record_kind: self.record_kind,
            record_id: self.record_id,
            subject_id: self.subject_id,
            changes,
        });
        tx.commit_call(call, ()).await?;
        Ok(self.message)
    }
}
