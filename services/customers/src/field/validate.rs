//! The values of custom fields that a call brings, against the definitions: every fault with its path, and the object
//! to store.

use std::collections::HashMap;

use chrono::NaiveDate;
use contracts::customers::FieldValue;
use platform::error::{Reason, Violation, reason};
use serde_json::{Map, Value};

use super::fields::{Definition, Fields};
use super::kind::place;
use super::masked::Masked;
use super::value::{Fault, to_json};
use crate::error::reason as own;

/// How values meet what is stored.
#[derive(Debug, Clone, Copy)]
pub enum Mode<'a> {
    /// A new record: defaults fill in, required fields must have a value.
    Create,
    /// The values are all that the record has from now on. A required field that had no value may stay without.
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

/// What values are checked by.
#[derive(Clone, Copy)]
pub struct Checks<'a> {
    /// As the caller knows them.
    pub fields: &'a Fields,
    pub masked: &'a Masked,
    pub today: NaiveDate,
}

/// The object to store in the record's `custom_fields`; `values` are left as they will be read back. Values of retired
/// fields, and of fields that the caller can't see or set, stay as they are. A value that the record holds already stays
/// good when the rules have become stricter since.
pub fn validate_custom(
    checks: Checks<'_>,
    values: &mut HashMap<String, FieldValue>,
    mode: Mode<'_>,
) -> Result<Value, Vec<Violation>> {
    let fields = checks.fields;
    let mut violations = unknown_keys(fields, values, mode);
    let before = mode.before();
    let mut object = before.cloned().unwrap_or_default();
    for field in fields.active().filter(|field| mode.touches(&field.key)) {
        let held = before.and_then(|before| before.get(&field.key));
        match checked(checks, field, values, mode, held) {
            Ok(Outcome::Value(json)) => {
                object.insert(field.key.clone(), json);
            }
            Ok(Outcome::Empty) => {
                object.shift_remove(&field.key);
            }
            Ok(Outcome::AsBefore) => {}
            Err(Refusal { reason, args }) => violations.push(violation(fields, &field.key, reason, args)),
        }
    }
    if matches!(mode, Mode::Create) {
        // Nobody else will ask for them.
        let defaults = fields.unseen().filter(|field| field.is_asked_on(checks.today));
        object.extend(defaults.filter_map(|field| Some((field.key.clone(), default_of(fields, field)?))));
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

struct Refusal {
    reason: &'static Reason,
    args: Vec<(&'static str, String)>,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self { reason: fault.reason, args: fault.args }
    }
}

fn refuse<T>(reason: &'static Reason) -> Result<T, Refusal> {
    Err(Refusal { reason, args: Vec::new() })
}

fn checked(
    checks: Checks<'_>,
    field: &Definition,
    values: &HashMap<String, FieldValue>,
    mode: Mode<'_>,
    held: Option<&Value>,
) -> Result<Outcome, Refusal> {
    let Checks { fields, masked, today } = checks;
    let writable = fields.is_writable(&field.key);
    let given = match values.get(&field.key) {
        Some(value) if masked.is_masked_text(&field.key, value) => return refuse(&own::MASKED_VALUE),
        Some(value) => to_json(field, value, fields.dictionaries(), held)?,
        None => None,
    };
    if let Some(json) = given {
        if held == Some(&json) {
            return Ok(Outcome::AsBefore);
        }
        if !writable {
            return refuse(&own::FIELD_READ_ONLY);
        }
        field.limits().check(&json)?;
        return Ok(Outcome::Value(json));
    }
    match mode {
        Mode::Create if field.is_asked_on(today) => {
            if let Some(json) = default_of(fields, field) {
                return Ok(Outcome::Value(json));
            }
        }
        // Who can't see or set a value can't have meant to take it away.
        Mode::Replace { .. } if masked.is_hidden(&field.key) || !writable => return Ok(Outcome::AsBefore),
        Mode::Replace { .. } if held.is_none() => return Ok(Outcome::Empty),
        Mode::Patch { .. } if !writable && held.is_some() => return refuse(&own::FIELD_READ_ONLY),
        Mode::Create | Mode::Replace { .. } | Mode::Patch { .. } => {}
    }
    let is_required = field.required && writable && field.is_asked_on(today);
    if is_required { refuse(&reason::VALUE_REQUIRED) } else { Ok(Outcome::Empty) }
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
    let args = |key: &str| vec![("field", key.to_owned())];
    unknown.into_iter().map(|key| violation(fields, key, &own::FIELD_UNKNOWN, args(key))).collect()
}

fn violation(fields: &Fields, key: &str, reason: &'static Reason, args: Vec<(&'static str, String)>) -> Violation {
    Violation { field: format!("{}.custom_fields.{key}", place(fields.kind()).name), reason, args }
}
