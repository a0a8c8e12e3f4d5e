//! What a definition must be.

use contracts::customers::{Customer, Field, FieldType};
use contracts::options::PersonalData;
use platform::contract::Contract;
use platform::error::{Reason, Violation, reason};
use prost::Name;
use serde_json::Value;

use super::value::to_json;
use crate::dictionary::cache::Dictionaries;
use crate::error::reason as own;

/// Forms and rows stay of a size that people and databases can handle.
pub const MAX_ACTIVE: i64 = 200;

/// The names that filters, imports and exports know customers' own fields by.
pub fn is_built_in(key: &str) -> bool {
    let contract = Contract::get();
    contract
        .message_named(&Customer::full_name())
        .is_some_and(|id| contract.message(id).fields.iter().any(|field| field.name == key))
}

/// The checked default of a definition, or all that is wrong with it.
pub fn check(field: &Field, dictionaries: &Dictionaries) -> Result<Option<Value>, Vec<Violation>> {
    let mut faults = Faults(Vec::new());
    let field_type = field.r#type();
    let has_options = matches!(field_type, FieldType::Option | FieldType::Options);
    if field_type == FieldType::Unspecified {
        faults.add("type", &reason::VALUE_REQUIRED);
    }
    if is_built_in(&field.key) {
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
    if field.unique && matches!(field_type, FieldType::Boolean | FieldType::Options) {
        faults.add("unique", &own::FIELD_UNIQUE_REFUSED);
    }
    if field.personal_data() != PersonalData::Unspecified && field_type != FieldType::Text {
        faults.add("personal_data", &own::FIELD_PERSONAL_DATA_REFUSED);
    }
    if field.personal_data() != PersonalData::Unspecified && field.unique {
        faults.add("personal_data", &own::FIELD_PERSONAL_UNIQUE);
    }
    let default = match &field.default_value {
        Some(_) if field.unique => {
            faults.add("default_value", &own::FIELD_DEFAULT_REFUSED);
            None
        }
        Some(value) if field_type != FieldType::Unspecified => match to_json(field, value, dictionaries, None) {
            Ok(default) => default,
            Err(fault) => {
                let field = "field.default_value".into();
                faults.0.push(Violation { field, reason: fault.reason, args: fault.args });
                None
            }
        },
        _ => None,
    };
    if faults.0.is_empty() { Ok(default) } else { Err(faults.0) }
}

struct Faults(Vec<Violation>);

impl Faults {
    fn add(&mut self, path: &str, reason: &'static Reason) {
        self.0.push(Violation { field: format!("field.{path}"), reason, args: Vec::new() });
    }
}
