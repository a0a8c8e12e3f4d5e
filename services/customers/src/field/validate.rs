//! The values of custom fields that a call brings, against the definitions: every fault with its path, and the object
//! to store.

use std::collections::HashMap;

use contracts::customers::FieldValue;
use platform::error::{Reason, Violation, reason};
use serde_json::{Map, Value};

use super::cache::{Definition, Fields};
use super::masked::Masked;
use super::value::to_json;
use crate::error::reason as own;

/// How values meet what is stored.
#[derive(Debug, Clone, Copy)]
pub enum Mode<'a> {
    /// A new customer: defaults fill in, required fields must have a value.
    Create,
    /// The values are all that the customer has from now on. A required field that had no value may stay without.
    Replace { before: &'a Value },
    /// Only these keys change; one without a value loses it.
    Patch { before: &'a Value, keys: &'a [&'a str] },
}

impl<'a> Mode<'a> {
    fn before(self) -> Option<&'a Map<String, Value>> {
        match self {
            Self::Create => None,
            Self::Replace { before } | Self::Patch { before, .. } => before.as_object(),
        }
    }

    fn touches(self, key: &str) -> bool {
        match self {
            Self::Patch { keys, .. } => keys.contains(&key),
            _ => true,
        }
    }
}

/// The object to store in `customer.custom_fields`; `values` are left as they will be read back. Values of retired
/// fields, and of fields that the caller can't see, stay as they are.
pub fn validate_custom(
    fields: &Fields,
    values: &mut HashMap<String, FieldValue>,
    mode: Mode<'_>,
    masked: &Masked,
) -> Result<Value, Vec<Violation>> {
    let mut violations = unknown_keys(fields, values, mode);
    let before = mode.before();
    let mut object = before.cloned().unwrap_or_default();
    for field in fields.active().filter(|field| mode.touches(&field.key)) {
        let held = before.and_then(|before| before.get(&field.key));
        match checked(fields, field, values, mode, held, masked) {
            Ok(Outcome::Value(json)) => {
                object.insert(field.key.clone(), json);
            }
            Ok(Outcome::Empty) => {
                object.shift_remove(&field.key);
            }
            Ok(Outcome::AsBefore) => {}
            Err(violation) => violations.push(violation),
        }
    }
    if !violations.is_empty() {
        return Err(violations);
    }
    let object = Value::Object(object);
    *values = super::value::to_messages(fields, &object);
    Ok(object)
}

enum Outcome {
    Value(Value),
    Empty,
    AsBefore,
}

fn checked(
    fields: &Fields,
    field: &Definition,
    values: &HashMap<String, FieldValue>,
    mode: Mode<'_>,
    held: Option<&Value>,
    masked: &Masked,
) -> Result<Outcome, Violation> {
    let given = match values.get(&field.key) {
        Some(value) if masked.is_masked_text(&field.key, value) => {
            return Err(violation(&field.key, &own::MASKED_VALUE, Vec::new()));
        }
        Some(value) => to_json(field, value, fields.dictionaries(), held)
            .map_err(|fault| violation(&field.key, fault.reason, fault.args))?,
        None => None,
    };
    if let Some(json) = given {
        return Ok(Outcome::Value(json));
    }
    match mode {
        Mode::Create => {
            if let Some(json) = default_of(fields, field) {
                return Ok(Outcome::Value(json));
            }
        }
        // Who can't see a value can't have meant to take it away.
        Mode::Replace { .. } if masked.is_hidden(&field.key) => return Ok(Outcome::AsBefore),
        Mode::Replace { .. } if held.is_none() => return Ok(Outcome::Empty),
        Mode::Replace { .. } | Mode::Patch { .. } => {}
    }
    if field.required { Err(violation(&field.key, &reason::VALUE_REQUIRED, Vec::new())) } else { Ok(Outcome::Empty) }
}

/// A default whose code was retired meanwhile is none.
fn default_of(fields: &Fields, field: &Definition) -> Option<Value> {
    to_json(field, field.default_value.as_ref()?, fields.dictionaries(), None).ok().flatten()
}

fn unknown_keys(fields: &Fields, values: &HashMap<String, FieldValue>, mode: Mode<'_>) -> Vec<Violation> {
    let named: Vec<&str> = match mode {
        Mode::Patch { keys, .. } => keys.to_vec(),
        _ => values.keys().map(String::as_str).collect(),
    };
    let mut unknown: Vec<&str> =
        named.into_iter().filter(|key| fields.by_key(key).is_none_or(|field| field.retired)).collect();
    unknown.sort_unstable();
    unknown.into_iter().map(|key| violation(key, &own::FIELD_UNKNOWN, vec![("field", key.to_owned())])).collect()
}

fn violation(key: &str, reason: &'static Reason, args: Vec<(&'static str, String)>) -> Violation {
    Violation { field: format!("customer.custom_fields.{key}"), reason, args }
}
