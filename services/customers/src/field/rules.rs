//! What a definition must be.

use contracts::customers::{Field, FieldType, FieldValue};
use contracts::options::PersonalData;
use platform::access::Policy;
use platform::error::{Reason, Violation, reason};
use serde_json::Value;

use super::fields::record_kind;
use super::index::is_indexable;
use super::kind::place;
use super::limits::Limits;
use super::value::{Fault, to_json};
use crate::dictionary::cache::Dictionaries;
use crate::error::reason as own;
use crate::period::Period;

/// Forms and rows stay of a size that people and databases can handle.
pub const MAX_ACTIVE: i64 = 200;
/// Each makes writes slower.
pub const MAX_INDEXED: i64 = 20;

/// What may change of a definition.
pub const MUTABLE: [&str; 15] = [
    "label_zh",
    "label_en",
    "required",
    "default_value",
    "default_value.*",
    "position",
    "retired",
    "personal_data",
    "read_role_ids",
    "write_role_ids",
    "rules",
    "rules.*",
    "valid_from",
    "valid_until",
    "indexed",
];

/// Takes the named fields over; a path into a message stands for all of it.
pub fn apply(field: &mut Field, wanted: &Field, paths: &[&str]) {
    for path in paths {
        match path.split('.').next().unwrap_or(path) {
            "label_zh" => wanted.label_zh.trim().clone_into(&mut field.label_zh),
            "label_en" => field.label_en.clone_from(&wanted.label_en),
            "required" => field.required = wanted.required,
            "default_value" => field.default_value.clone_from(&wanted.default_value),
            "position" => field.position = wanted.position,
            "retired" => field.retired = wanted.retired,
            "read_role_ids" => field.read_role_ids = lower(&wanted.read_role_ids),
            "write_role_ids" => field.write_role_ids = lower(&wanted.write_role_ids),
            "rules" => field.rules.clone_from(&wanted.rules),
            "valid_from" => field.valid_from.clone_from(&wanted.valid_from),
            "indexed" => field.indexed = wanted.indexed,
            "valid_until" => field.valid_until.clone_from(&wanted.valid_until),
            _ => field.personal_data = wanted.personal_data,
        }
    }
}

fn lower(ids: &[String]) -> Vec<String> {
    ids.iter().map(|id| id.to_lowercase()).collect()
}

/// Roles that a definition names and nobody knows; those that it named `before` may have gone since.
pub fn check_roles(field: &Field, before: Option<&Field>, policy: &Policy) -> Vec<Violation> {
    let mut faults = Faults(Vec::new());
    for (path, named, held) in [
        ("read_role_ids", &field.read_role_ids, before.map(|before| &before.read_role_ids)),
        ("write_role_ids", &field.write_role_ids, before.map(|before| &before.write_role_ids)),
    ] {
        for (index, id) in named.iter().enumerate() {
            let known = id.parse().is_ok_and(|id| policy.role(id).is_some());
            if !known && held.is_none_or(|held| !held.contains(id)) {
                faults.add(&format!("{path}[{index}]"), &own::ROLE_UNKNOWN);
            }
        }
    }
    faults.0
}

/// The checked default of a definition, or all that is wrong with it.
pub fn check(field: &Field, dictionaries: &Dictionaries) -> Result<Option<Value>, Vec<Violation>> {
    let mut faults = Faults(Vec::new());
    let field_type = field.r#type();
    let has_options = matches!(field_type, FieldType::Option | FieldType::Options);
    if field_type == FieldType::Unspecified {
        faults.add("type", &reason::VALUE_REQUIRED);
    }
    if place(record_kind(field)).is_built_in(&field.key) {
        faults.add("key", &own::FIELD_KEY_RESERVED);
    }
    if field.label_zh.trim().is_empty() {
        faults.add("label_zh", &reason::VALUE_REQUIRED);
    }
    match (has_options, field.dictionary.is_empty()) {
        (true, true) => faults.add("dictionary", &reason::VALUE_REQUIRED),
        (true, false) if !dictionaries.exists(&field.dictionary) => faults.add("dictionary", &own::DICTIONARY_UNKNOWN),
        (false, false) if field_type != FieldType::Unspecified => faults.add("dictionary", &own::DICTIONARY_NOT_WANTED),
        _ => {}
    }
    if field.indexed && !is_indexable(field) {
        faults.add("indexed", &own::FIELD_INDEX_REFUSED);
    }
    if field.unique && matches!(field_type, FieldType::Boolean | FieldType::Options | FieldType::LongText) {
        faults.add("unique", &own::FIELD_UNIQUE_REFUSED);
    }
    if field.personal_data() != PersonalData::Unspecified && !holds_personal(field_type) {
        faults.add("personal_data", &own::FIELD_PERSONAL_DATA_REFUSED);
    }
    if field.personal_data() != PersonalData::Unspecified && field.unique {
        faults.add("personal_data", &own::FIELD_PERSONAL_UNIQUE);
    }
    check_validity(field, &mut faults);
    let limits = Limits::of(field).unwrap_or_else(|more| {
        faults.0.extend(more);
        Limits::default()
    });
    let default = match &field.default_value {
        Some(_) if field.unique => {
            faults.add("default_value", &own::FIELD_DEFAULT_REFUSED);
            None
        }
        Some(value) if field_type != FieldType::Unspecified => {
            match default_json(field, value, dictionaries, &limits) {
                Ok(default) => default,
                Err(fault) => {
                    let field = "field.default_value".into();
                    faults.0.push(Violation { field, reason: fault.reason, args: fault.args });
                    None
                }
            }
        }
        _ => None,
    };
    if faults.0.is_empty() { Ok(default) } else { Err(faults.0) }
}

fn holds_personal(field_type: FieldType) -> bool {
    matches!(field_type, FieldType::Text | FieldType::Email | FieldType::Phone)
}

fn default_json(
    field: &Field,
    value: &FieldValue,
    dictionaries: &Dictionaries,
    limits: &Limits,
) -> Result<Option<Value>, Fault> {
    let default = to_json(field, value, dictionaries, None)?;
    default.as_ref().map_or(Ok(()), |default| limits.check(default))?;
    Ok(default)
}

fn check_validity(field: &Field, faults: &mut Faults) {
    let read = Period::read("field.", &field.valid_from, &field.valid_until, &own::FIELD_RULES_CROSSED);
    faults.0.extend(read.err().into_iter().flatten());
}

struct Faults(Vec<Violation>);

impl Faults {
    fn add(&mut self, path: &str, reason: &'static Reason) {
        self.0.push(Violation { field: format!("field.{path}"), reason, args: Vec::new() });
    }
}
