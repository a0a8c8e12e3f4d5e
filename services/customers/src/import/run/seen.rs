//! What the file has held so far, so that nothing in it counts twice. Sixteen bytes or so a value, whatever its length;
//! the hashes are keyed anew for each run, so that no file can be made to collide.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};

use crate::field::Fields;
use crate::field::unique::unique_values;
use crate::import::codes::{DUPLICATE_IN_FILE, RowFault};
use crate::import::row::{Draft, Identity, Plan};

#[derive(Default)]
pub struct Seen {
    state: RandomState,
    /// Hash to the first line that held it.
    rows: HashMap<u64, u32>,
}

impl Seen {
    /// Notes what a row holds and adds a fault for everything that an earlier row held. Every row counts, whatever
    /// becomes of it: a run that goes on after a crash must see the same.
    pub fn check(&mut self, draft: &mut Draft, plan: &Plan) {
        if let Some(identity) = &draft.identity
            && let Some(first) = self.note(("identity", identity), draft.row)
        {
            draft.faults.push(plan.fault(identity_path(identity), &DUPLICATE_IN_FILE).arg("row", first));
            return;
        }
        let numbered = !draft.customer.number.is_empty() && !matches!(draft.identity, Some(Identity::Number(_)));
        if numbered && let Some(first) = self.note(("number", &draft.customer.number), draft.row) {
            draft.faults.push(plan.fault("number", &DUPLICATE_IN_FILE).arg("row", first));
        }
        for fault in self.unique(draft, plan, &plan.fields) {
            draft.faults.push(fault);
        }
    }

    fn unique(&mut self, draft: &Draft, plan: &Plan, fields: &Fields) -> Vec<RowFault> {
        if draft.custom_fields.is_empty() {
            return Vec::new();
        }
        let values = unique_values(fields, &serde_json::Value::Object(draft.custom_fields.clone()));
        let faults = values.iter().filter_map(|(key, value)| {
            let first = self.note(("unique", key, value), draft.row)?;
            Some(plan.fault(&format!("custom_fields.{key}"), &DUPLICATE_IN_FILE).arg("row", first))
        });
        faults.collect()
    }

    /// The line that held the value before.
    fn note(&mut self, value: impl Hash, row: u32) -> Option<u32> {
        match self.rows.entry(self.state.hash_one(value)) {
            std::collections::hash_map::Entry::Occupied(first) => Some(*first.get()),
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(row);
                None
            }
        }
    }
}

/// The field that a row is recognised by; empty when it is several.
pub fn identity_path(identity: &Identity) -> &'static str {
    match identity {
        Identity::Number(_) => "number",
        Identity::Phone(_) => "phone",
        Identity::IdNumber(_) => "id_number",
        Identity::Name(..) => "name",
        Identity::Whole(..) => "",
    }
}
