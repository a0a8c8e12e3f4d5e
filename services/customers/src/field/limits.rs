//! The rules of a field: what its values must be beyond their type.

use contracts::customers::{Field, FieldType, FieldValue, ValueRules};
use platform::contract::violation;
use platform::error::{Reason, Violation};
use platform::filter::Value as Comparable;
use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value, json};

use super::filter::filter_type;
use super::value::{Fault, from_json, to_json};
use crate::dictionary::cache::Dictionaries;
use crate::error::reason as own;

/// Bytes that a compiled pattern may take: rules are checked on every write.
const PATTERN_SIZE: usize = 256 * 1024;

/// Rules ready to check values by.
#[derive(Debug, Default)]
pub struct Limits {
    field_type: FieldType,
    min: Option<Value>,
    max: Option<Value>,
    min_length: usize,
    max_length: Option<usize>,
    pattern: Option<Regex>,
    hint: String,
    max_decimals: Option<u32>,
}

impl Limits {
    /// All that is wrong with the rules of a definition, at their places within the field.
    pub fn of(field: &Field) -> Result<Self, Vec<Violation>> {
        let field_type = field.r#type();
        let Some(rules) = &field.rules else { return Ok(Self { field_type, ..Self::default() }) };
        let mut faults = Vec::new();
        let mut refuse = |path: &str, reason: &'static Reason| {
            faults.push(Violation { field: format!("field.rules.{path}"), reason, args: Vec::new() });
        };
        let has_range =
            matches!(field_type, FieldType::Integer | FieldType::Decimal | FieldType::Date | FieldType::Timestamp);
        let has_length = matches!(field_type, FieldType::Text | FieldType::LongText);
        let stands = |value: &FieldValue| value.value.is_some();
        for (path, is_set, fits) in [
            ("min", rules.min.as_ref().is_some_and(stands), has_range),
            ("max", rules.max.as_ref().is_some_and(stands), has_range),
            ("min_length", rules.min_length > 0, has_length),
            ("max_length", rules.max_length > 0, has_length),
            ("pattern", !rules.pattern.is_empty(), field_type == FieldType::Text),
            ("max_decimals", rules.max_decimals.is_some(), field_type == FieldType::Decimal),
        ] {
            if is_set && !fits {
                refuse(path, &own::FIELD_RULE_REFUSED);
            }
        }
        let mut limit = |path: &str, value: Option<&FieldValue>| {
            let value = value.filter(|value| has_range && stands(value))?;
            match to_json(field, value, &Dictionaries::default(), None) {
                Ok(json) => json,
                Err(fault) => {
                    refuse(path, fault.reason);
                    None
                }
            }
        };
        let (min, max) = (limit("min", rules.min.as_ref()), limit("max", rules.max.as_ref()));
        let pattern = match compiled(&rules.pattern) {
            Ok(pattern) => pattern,
            Err(()) => {
                refuse("pattern", &own::FIELD_PATTERN_INVALID);
                None
            }
        };
        let max_length = usize::try_from(rules.max_length).ok().filter(|length| *length > 0);
        let limits = Self {
            field_type,
            min,
            max,
            min_length: usize::try_from(rules.min_length).unwrap_or_default(),
            max_length,
            pattern,
            hint: rules.pattern_hint.trim().to_owned(),
            max_decimals: rules.max_decimals.and_then(|digits| u32::try_from(digits).ok()),
        };
        let crossed = match (&limits.min, &limits.max) {
            (Some(min), Some(max)) => limits.is_less(max, min),
            _ => false,
        };
        if crossed || limits.max_length.is_some_and(|max| max < limits.min_length) {
            refuse(if crossed { "max" } else { "max_length" }, &own::FIELD_RULES_CROSSED);
        }
        if faults.is_empty() { Ok(limits) } else { Err(faults) }
    }

    /// Of a value as it is stored.
    pub fn check(&self, value: &Value) -> Result<(), Fault> {
        let told = |limit: &Value| super::value::to_text(limit);
        if let Some(min) = self.min.as_ref().filter(|min| self.is_less(value, min)) {
            return Err(Fault { reason: &violation::TOO_SMALL, args: vec![("min", told(min))] });
        }
        if let Some(max) = self.max.as_ref().filter(|max| self.is_less(max, value)) {
            return Err(Fault { reason: &violation::TOO_LARGE, args: vec![("max", told(max))] });
        }
        let Some(text) = value.as_str() else { return Ok(()) };
        if let Some(max) = self.max_decimals {
            let digits = text.split_once('.').map_or(0, |(_, digits)| digits.len());
            if digits > max as usize {
                return Err(Fault { reason: &own::TOO_MANY_DECIMALS, args: vec![("max", max.to_string())] });
            }
        }
        if self.min_length == 0 && self.max_length.is_none() && self.pattern.is_none() {
            return Ok(());
        }
        let length = text.chars().count();
        if length < self.min_length {
            return Err(Fault { reason: &violation::TOO_SHORT, args: vec![("min", self.min_length.to_string())] });
        }
        if let Some(max) = self.max_length.filter(|max| length > *max) {
            return Err(Fault { reason: &violation::TOO_LONG, args: vec![("max", max.to_string())] });
        }
        if self.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(text)) {
            return Err(Fault { reason: &own::FIELD_PATTERN_MISMATCH, args: vec![("hint", self.hint.clone())] });
        }
        Ok(())
    }

    fn is_less(&self, a: &Value, b: &Value) -> bool {
        let Some(filter_type) = filter_type(self.field_type) else { return false };
        match (Comparable::from_json(&filter_type, a), Comparable::from_json(&filter_type, b)) {
            (Comparable::Int(a), Comparable::Int(b)) => a < b,
            (Comparable::Decimal(a), Comparable::Decimal(b)) => a < b,
            (Comparable::Date(a), Comparable::Date(b)) => a < b,
            (Comparable::Timestamp(a), Comparable::Timestamp(b)) => a < b,
            _ => false,
        }
    }
}

/// Linear in the text, whatever the pattern; of bounded size.
fn compiled(pattern: &str) -> Result<Option<Regex>, ()> {
    if pattern.is_empty() {
        return Ok(None);
    }
    // By itself first: a parenthesis too many must not close the group that makes it match the whole.
    let build = |pattern: &str| RegexBuilder::new(pattern).size_limit(PATTERN_SIZE).build().map_err(|_| ());
    build(pattern)?;
    build(&format!("^(?:{pattern})$")).map(Some)
}

/// Rules as they are stored; sound ones.
pub fn rules_json(field: &Field) -> Value {
    let Some(rules) = &field.rules else { return json!({}) };
    let mut stored = Map::new();
    for (name, value) in [("min", &rules.min), ("max", &rules.max)] {
        let value =
            value.as_ref().and_then(|value| to_json(field, value, &Dictionaries::default(), None).ok().flatten());
        stored.extend(value.map(|value| (name.to_owned(), value)));
    }
    for (name, number) in [("min_length", rules.min_length), ("max_length", rules.max_length)] {
        if number > 0 {
            stored.insert(name.to_owned(), number.into());
        }
    }
    for (name, text) in [("pattern", &rules.pattern), ("pattern_hint", &rules.pattern_hint)] {
        if !text.trim().is_empty() {
            stored.insert(name.to_owned(), text.as_str().into());
        }
    }
    stored.extend(rules.max_decimals.map(|digits| ("max_decimals".to_owned(), digits.into())));
    Value::Object(stored)
}

/// Stored rules as the contract states them; nothing where there is none.
pub fn rules_message(field_type: FieldType, stored: &Value) -> Option<ValueRules> {
    let number = |name: &str| stored.get(name).and_then(Value::as_i64).and_then(|number| i32::try_from(number).ok());
    let text = |name: &str| stored.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let value = |name: &str| stored.get(name).and_then(|value| from_json(field_type, value));
    stored.as_object().filter(|stored| !stored.is_empty())?;
    Some(ValueRules {
        min: value("min"),
        max: value("max"),
        min_length: number("min_length").unwrap_or_default(),
        max_length: number("max_length").unwrap_or_default(),
        pattern: text("pattern"),
        pattern_hint: text("pattern_hint"),
        max_decimals: number("max_decimals"),
    })
}
