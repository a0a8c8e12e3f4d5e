//! The definitions at one moment: all of them, and as a caller knows those of one kind of record. To whoever does not see a
//! field it does not exist: whatever is made from a view, a filter, a file or an answer, can't hold it.

use std::collections::{BTreeSet, HashMap};
use std::ops::Deref;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use chrono::NaiveDate;
use contracts::customers as proto;
use platform::access::Caller;
use platform::filter::Schema;
use uuid::Uuid;

use super::filter::filter_schema;
use super::kind::RecordKind;
use super::limits::Limits;
use crate::dictionary::cache::Dictionaries;

/// A field as the contract states it, ready to be checked against.
#[derive(Debug)]
pub struct Definition {
    message: proto::Field,
    read_role_ids: Vec<Uuid>,
    write_role_ids: Vec<Uuid>,
    limits: Limits,
}

impl Deref for Definition {
    type Target = proto::Field;

    fn deref(&self) -> &proto::Field {
        &self.message
    }
}

impl Definition {
    fn new(message: proto::Field) -> Self {
        Self {
            read_role_ids: ids(&message.read_role_ids),
            write_role_ids: ids(&message.write_role_ids),
            // They were sound when they were saved.
            limits: Limits::of(&message).unwrap_or_default(),
            message,
        }
    }

    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether it is asked for on that day.
    pub fn is_asked_on(&self, day: NaiveDate) -> bool {
        let limit = |text: &str| text.parse::<NaiveDate>().ok();
        limit(&self.message.valid_from).is_none_or(|from| from <= day)
            && limit(&self.message.valid_until).is_none_or(|until| day <= until)
    }
}

pub fn ids(texts: &[String]) -> Vec<Uuid> {
    texts.iter().filter_map(|id| id.parse().ok()).collect()
}

/// Whether roles see a field, and whether they may set it.
pub fn rights(field: &proto::Field, role_ids: &[Uuid]) -> (bool, bool) {
    let among = |named: &[String]| named.is_empty() || ids(named).iter().any(|role| role_ids.contains(role));
    let readable = among(&field.read_role_ids);
    (readable, readable && among(&field.write_role_ids))
}

pub fn record_kind(field: &proto::Field) -> RecordKind {
    match field.record_kind() {
        RecordKind::Unspecified => RecordKind::Customer,
        kind => kind,
    }
}

#[derive(Debug, Clone)]
struct Entry {
    definition: Arc<Definition>,
    readable: bool,
    writable: bool,
}

/// Whose view it is: of a kind of record, for those of a caller's roles that any field names.
type ViewKey = (RecordKind, Option<Vec<Uuid>>);

/// The schema of records beyond their built-in fields.
#[derive(Debug, Default)]
pub struct Fields {
    revision: i64,
    kind: RecordKind,
    /// In the order of forms, retired ones too.
    list: Vec<Entry>,
    dictionaries: Arc<Dictionaries>,
    /// Roles that fields name.
    role_ids: BTreeSet<Uuid>,
    schema: OnceLock<Arc<Schema>>,
    views: Mutex<HashMap<ViewKey, Arc<Self>>>,
}

impl Fields {
    pub fn new(revision: i64, list: Vec<proto::Field>, dictionaries: Dictionaries) -> Self {
        let list: Vec<Entry> = list
            .into_iter()
            .map(|field| Entry { definition: Arc::new(Definition::new(field)), readable: true, writable: true })
            .collect();
        let named = list.iter().map(|entry| &entry.definition);
        let role_ids =
            named.flat_map(|field| field.read_role_ids.iter().chain(&field.write_role_ids)).copied().collect();
        Self { revision, list, role_ids, dictionaries: Arc::new(dictionaries), ..Self::default() }
    }

    /// Those of one kind of record, for a caller; in full for work on nobody's behalf.
    pub fn view(&self, kind: RecordKind, caller: Option<&Caller>) -> Arc<Self> {
        let roles = caller.map(|caller| {
            let mut roles: Vec<Uuid> =
                caller.role_ids().iter().filter(|role| self.role_ids.contains(role)).copied().collect();
            roles.sort_unstable();
            roles
        });
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        views
            .entry((kind, roles))
            .or_insert_with_key(|(kind, roles)| Arc::new(self.seen_by(*kind, roles.as_deref())))
            .clone()
    }

    fn seen_by(&self, kind: RecordKind, roles: Option<&[Uuid]>) -> Self {
        let of_kind = self.list.iter().filter(|entry| record_kind(&entry.definition) == kind);
        let list = of_kind.map(|entry| {
            let (readable, writable) = roles.map_or((true, true), |roles| rights(&entry.definition, roles));
            Entry { definition: entry.definition.clone(), readable, writable }
        });
        let list = list.collect();
        Self { revision: self.revision, kind, list, dictionaries: self.dictionaries.clone(), ..Self::default() }
    }

    pub fn revision(&self) -> i64 {
        self.revision
    }

    pub fn kind(&self) -> RecordKind {
        self.kind
    }

    /// Retired and unseen ones too: for what holds whoever asks.
    pub fn all(&self) -> impl Iterator<Item = &Definition> {
        self.list.iter().map(|entry| &*entry.definition)
    }

    /// Those in use that are seen, in the order of forms.
    pub fn active(&self) -> impl Iterator<Item = &Definition> {
        self.list.iter().filter(|entry| entry.readable).map(|entry| &*entry.definition).filter(|field| !field.retired)
    }

    /// Those in use that are not seen.
    pub fn unseen(&self) -> impl Iterator<Item = &Definition> {
        self.list.iter().filter(|entry| !entry.readable).map(|entry| &*entry.definition).filter(|field| !field.retired)
    }

    /// Retired or not, if it is seen.
    pub fn by_key(&self, key: &str) -> Option<&Definition> {
        self.entry(key).filter(|entry| entry.readable).map(|entry| &*entry.definition)
    }

    pub fn is_hidden(&self, key: &str) -> bool {
        self.entry(key).is_some_and(|entry| !entry.readable)
    }

    pub fn is_writable(&self, key: &str) -> bool {
        self.entry(key).is_some_and(|entry| entry.writable)
    }

    fn entry(&self, key: &str) -> Option<&Entry> {
        self.list.iter().find(|entry| entry.definition.key == key)
    }

    /// Whether a text, such as a filter or a list of columns, names a field that is not seen.
    pub fn names_hidden(&self, text: &str) -> bool {
        let mut hidden = self.list.iter().filter(|entry| !entry.readable).peekable();
        if hidden.peek().is_none() {
            return false;
        }
        let words: Vec<&str> = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).collect();
        hidden.any(|entry| {
            let key = entry.definition.key.as_str();
            words.iter().any(|word| {
                word.rsplit_once('.').is_some_and(|(parent, last)| {
                    last == key && (parent.ends_with("custom") || parent.ends_with("custom_fields"))
                })
            })
        })
    }

    pub fn dictionaries(&self) -> &Dictionaries {
        &self.dictionaries
    }

    /// What lists may be filtered and sorted by: the built-in fields and those in use that are seen.
    pub fn schema(&self, built_in: impl FnOnce() -> Schema) -> Arc<Schema> {
        self.schema.get_or_init(|| Arc::new(filter_schema(self, built_in()))).clone()
    }
}
