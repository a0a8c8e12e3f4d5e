//! The fixed encoding of an entry: every field with its length, so that no two entries encode alike. It must never change;
//! a new one gets a version of its own. Of what was said in the changes, the second version holds a commitment alone: the
//! digest of a salt and the changes. Once the salt is gone, the changes can be blanked and nobody can guess them from the
//! chain, which holds as before.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

const PLAIN: u8 = 1;
const COMMITTED: u8 = 2;

pub(crate) type Salt = [u8; 16];

pub(crate) type Hash = [u8; 32];

/// An entry as it stands in the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a> {
    pub(crate) service: &'a str,
    pub(crate) id: Uuid,
    /// To the microsecond, as the table keeps it.
    pub(crate) time: DateTime<Utc>,
    pub(crate) actor_kind: i16,
    pub(crate) actor_id: Option<Uuid>,
    pub(crate) actor_name: &'a str,
    pub(crate) session_id: Option<Uuid>,
    pub(crate) address: &'a str,
    pub(crate) request_id: &'a str,
    pub(crate) action: &'a str,
    pub(crate) record_kind: &'a str,
    pub(crate) record_id: Uuid,
    pub(crate) subject_id: Uuid,
    pub(crate) said: Said<'a>,
}

/// What an entry says of the changes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Said<'a> {
    /// Of entries from before there were commitments.
    Plain(&'a Value),
    Committed(&'a Hash),
}

/// What stands for the changes of an entry.
pub(crate) fn commitment(salt: &[u8], changes: &Value) -> Hash {
    let mut out = Vec::with_capacity(256);
    put(&mut out, salt);
    put_json(&mut out, changes);
    Sha256::digest(out).into()
}

/// SHA-256 of the encoding.
pub(crate) fn leaf(fields: &Fields<'_>) -> Hash {
    Sha256::digest(encode(fields)).into()
}

fn encode(fields: &Fields<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    out.push(match fields.said {
        Said::Plain(_) => PLAIN,
        Said::Committed(_) => COMMITTED,
    });
    put(&mut out, fields.service.as_bytes());
    put(&mut out, fields.id.as_bytes());
    out.extend_from_slice(&fields.time.timestamp_micros().to_le_bytes());
    out.extend_from_slice(&fields.actor_kind.to_le_bytes());
    put_id(&mut out, fields.actor_id);
    put(&mut out, fields.actor_name.as_bytes());
    put_id(&mut out, fields.session_id);
    for text in [fields.address, fields.request_id, fields.action, fields.record_kind] {
        put(&mut out, text.as_bytes());
    }
    put(&mut out, fields.record_id.as_bytes());
    put(&mut out, fields.subject_id.as_bytes());
    match fields.said {
        Said::Plain(changes) => put_json(&mut out, changes),
        Said::Committed(commitment) => out.extend_from_slice(commitment),
    }
    out
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn put_id(out: &mut Vec<u8>, id: Option<Uuid>) {
    match id {
        None => out.push(0),
        Some(id) => {
            out.push(1);
            out.extend_from_slice(id.as_bytes());
        }
    }
}

/// Keys sorted, since the database keeps them in an order of its own.
fn put_json(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.push(b'n'),
        Value::Bool(value) => out.extend_from_slice(&[b'b', u8::from(*value)]),
        Value::Number(number) => {
            out.push(b'd');
            put(out, number.to_string().as_bytes());
        }
        Value::String(text) => {
            out.push(b's');
            put(out, text.as_bytes());
        }
        Value::Array(items) => {
            out.push(b'a');
            out.extend_from_slice(&(items.len() as u64).to_le_bytes());
            items.iter().for_each(|item| put_json(out, item));
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(key, _)| *key);
            out.push(b'o');
            out.extend_from_slice(&(members.len() as u64).to_le_bytes());
            for (key, member) in members {
                put(out, key.as_bytes());
                put_json(out, member);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;

    use super::*;

    type Texts = [String; 6];
    type Ids = (u128, Option<u128>, Option<u128>, u128, u128);

    #[derive(Debug, Clone, PartialEq)]
    struct Entry {
        texts: Texts,
        ids: Ids,
        time: i64,
        actor_kind: i16,
        changes: Vec<(String, String, Option<String>)>,
    }

    fn entry() -> impl Strategy<Value = Entry> {
        let text = || "[a-c张]{0,3}";
        let id = || 0_u128..3;
        let texts = proptest::array::uniform6(text());
        let ids = (id(), option::of(id()), option::of(id()), id(), id());
        let changes = vec((text(), text(), option::of(text())), 0..3);
        (texts, ids, 0_i64..3, 0_i16..3, changes).prop_map(|(texts, ids, time, actor_kind, changes)| Entry {
            texts,
            ids,
            time,
            actor_kind,
            changes,
        })
    }

    impl Entry {
        fn encoded(&self, reversed: bool) -> Vec<u8> {
            let changes = self.changes.iter().map(|(field, before, after)| {
                let mut members = vec![("field", Some(field)), ("before", Some(before)), ("after", after.as_ref())];
                if reversed {
                    members.reverse();
                }
                let members =
                    members.into_iter().filter_map(|(key, value)| Some((key.to_owned(), Value::from(value?.clone()))));
                Value::Object(members.collect())
            });
            let changes = Value::Array(changes.collect());
            let [service, actor_name, address, request_id, action, record_kind] = &self.texts;
            let id = Uuid::from_u128;
            encode(&Fields {
                service,
                id: id(self.ids.0),
                time: DateTime::from_timestamp_micros(self.time).unwrap(),
                actor_kind: self.actor_kind,
                actor_id: self.ids.1.map(id),
                actor_name,
                session_id: self.ids.2.map(id),
                address,
                request_id,
                action,
                record_kind,
                record_id: id(self.ids.3),
                subject_id: id(self.ids.4),
                said: Said::Plain(&changes),
            })
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn two_entries_encode_alike_only_when_they_are_alike(one in entry(), other in entry()) {
            prop_assert_eq!(one == other, one.encoded(false) == other.encoded(false));
        }

        #[test]
        fn text_that_moves_from_one_field_to_the_next_is_another_entry(entry in entry(), from in 0_usize..5) {
            let mut moved = entry.clone();
            if let Some(last) = moved.texts[from].pop() {
                moved.texts[from + 1].insert(0, last);
                prop_assert_ne!(entry.encoded(false), moved.encoded(false));
            }
        }

        #[test]
        fn the_order_of_keys_does_not_matter(entry in entry()) {
            prop_assert_eq!(entry.encoded(false), entry.encoded(true));
        }
    }

    #[test]
    fn the_encoding_never_changes() {
        let entry = Entry {
            texts: ["customers", "李雷", "10.0.0.1", "r-1", "customer.created", "customer"].map(String::from),
            ids: (1, Some(2), None, 3, 4),
            time: 1_700_000_000_000_000,
            actor_kind: 1,
            changes: vec![("name".into(), String::new(), Some("张三".into()))],
        };
        let digest = Sha256::digest(entry.encoded(false));
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "9b1bf090139ca77dec06716d9b57eebf715d055979ca97bf2d947e237216d37a");
    }
}
