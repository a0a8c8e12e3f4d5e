//! The rules of a single value.

use std::sync::LazyLock;

use regex::Regex;

use super::super::{
    rules::{DEFAULT_MAX_LEN, EMAIL, Rules, TextRules, ValueRules},
    table::{Enum, Kind},
    violation,
    wire::{Value, unzigzag},
};

use crate::error::Reason;

/// Whether a text is an e-mail address, as the rule `email` of the contract means it.
pub fn is_email(text: &str) -> bool {
    EMAIL_ADDRESS.is_match(text)
}

static EMAIL_ADDRESS: LazyLock<Regex> = LazyLock::new(|| Regex::new(EMAIL).expect("a literal pattern is valid"));

/// A rule that a value breaks.
#[derive(Debug)]
pub struct Fault {
    pub reason: &'static Reason,
    pub args: Vec<(&'static str, String)>,
}

impl Fault {
    pub fn new(reason: &'static Reason) -> Fault {
        Fault { reason, args: Vec::new() }
    }

    pub fn with(reason: &'static Reason, name: &'static str, value: &(impl ToString + ?Sized)) -> Fault {
        Fault { reason, args: vec![(name, value.to_string())] }
    }
}

/// The default of a kind as it would stand on the wire; messages have none.
pub fn zero(kind: Kind) -> Option<Value<'static>> {
    match (kind, kind.wire_type()) {
        (Kind::Message(_), _) => None,
        (_, 1) => Some(Value::Fixed64(0)),
        (_, 5) => Some(Value::Fixed32(0)),
        (_, 2) => Some(Value::Bytes(b"")),
        _ => Some(Value::Varint(0)),
    }
}

/// Without the enum's table, values are taken for defined.
pub fn check_value(kind: Kind, rules: &Rules, value: Value<'_>, enumeration: Option<&Enum>) -> Result<(), Fault> {
    match (kind, value) {
        (Kind::String, Value::Bytes(bytes)) => text(&rules.value, bytes),
        (Kind::Bytes, Value::Bytes(bytes)) => self::bytes(&rules.value, bytes.len() as u64),
        (Kind::Double, Value::Fixed64(bits)) => double(&rules.value, f64::from_bits(bits)),
        (Kind::Float, Value::Fixed32(bits)) => double(&rules.value, f64::from(f32::from_bits(bits))),
        (Kind::Enum(_), Value::Varint(number)) => enum_value(&rules.value, number as i32, enumeration),
        (Kind::Bool, Value::Varint(_)) => Ok(()),
        (Kind::Int32 | Kind::Int64, Value::Varint(number)) => integer(&rules.value, i128::from(number as i64)),
        (Kind::Uint32 | Kind::Uint64, Value::Varint(number)) => integer(&rules.value, i128::from(number)),
        (Kind::Sint32 | Kind::Sint64, Value::Varint(number)) => integer(&rules.value, i128::from(unzigzag(number))),
        (Kind::Fixed64, Value::Fixed64(number)) => integer(&rules.value, i128::from(number)),
        (Kind::Sfixed64, Value::Fixed64(number)) => integer(&rules.value, i128::from(number as i64)),
        (Kind::Fixed32, Value::Fixed32(number)) => integer(&rules.value, i128::from(number)),
        (Kind::Sfixed32, Value::Fixed32(number)) => integer(&rules.value, i128::from(number as i32)),
        _ => Err(Fault::new(&violation::MALFORMED)),
    }
}

fn text(rules: &ValueRules, bytes: &[u8]) -> Result<(), Fault> {
    let text = std::str::from_utf8(bytes).map_err(|_| Fault::new(&violation::NOT_UTF8))?;
    if bytes.contains(&0) {
        return Err(Fault::new(&violation::NULL_CHARACTER));
    }
    let unlimited = TextRules::default();
    let rules = match rules {
        ValueRules::Text(rules) => rules,
        _ => &unlimited,
    };
    // A character has at least one byte, so a short text need not be counted.
    let max = rules.max_len.unwrap_or(DEFAULT_MAX_LEN);
    if bytes.len() as u64 > max && text.chars().count() as u64 > max {
        return Err(Fault::with(&violation::TOO_LONG, "max", &max));
    }
    if let Some(min) = rules.min_len
        && (text.chars().take(min as usize).count() as u64) < min
    {
        return Err(if min == 1 {
            Fault::new(&violation::VALUE_REQUIRED)
        } else {
            Fault::with(&violation::TOO_SHORT, "min", &min)
        });
    }
    if rules.uuid && !is_uuid(bytes) {
        return Err(Fault::new(&violation::NOT_A_UUID));
    }
    if rules.email && !is_email(text) {
        return Err(Fault::new(&violation::NOT_AN_EMAIL));
    }
    if let Some(pattern) = &rules.pattern
        && !pattern.is_match(text)
    {
        return Err(Fault::with(&violation::PATTERN_MISMATCH, "pattern", pattern.as_str()));
    }
    if !rules.one_of.is_empty() && !rules.one_of.iter().any(|allowed| allowed == text) {
        let values: Vec<String> = rules.one_of.iter().map(|value| format!("\"{value}\"")).collect();
        return Err(Fault::with(&violation::NOT_ONE_OF, "values", &values.join(", ")));
    }
    if rules.none_of.iter().any(|refused| refused == text) {
        return Err(Fault::with(&violation::ONE_OF_REFUSED, "values", &rules.none_of.join(", ")));
    }
    Ok(())
}

/// 8-4-4-4-12 hexadecimal digits.
fn is_uuid(bytes: &[u8]) -> bool {
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn bytes(rules: &ValueRules, length: u64) -> Result<(), Fault> {
    let ValueRules::Bytes(rules) = rules else { return Ok(()) };
    if let Some(min) = rules.min_len.filter(|&min| length < min) {
        return Err(Fault::with(&violation::TOO_FEW_BYTES, "min", &min));
    }
    if let Some(max) = rules.max_len.filter(|&max| length > max) {
        return Err(Fault::with(&violation::TOO_MANY_BYTES, "max", &max));
    }
    Ok(())
}

fn integer(rules: &ValueRules, number: i128) -> Result<(), Fault> {
    let ValueRules::Integer(rules) = rules else { return Ok(()) };
    let join = |values: &[i128]| values.iter().map(i128::to_string).collect::<Vec<_>>().join(", ");
    if let Some(min) = rules.gte.filter(|&min| number < min) {
        return Err(Fault::with(&violation::TOO_SMALL, "min", &min));
    }
    if let Some(max) = rules.lte.filter(|&max| number > max) {
        return Err(Fault::with(&violation::TOO_LARGE, "max", &max));
    }
    if !rules.one_of.is_empty() && !rules.one_of.contains(&number) {
        return Err(Fault::with(&violation::NOT_ONE_OF, "values", &join(&rules.one_of)));
    }
    if rules.none_of.contains(&number) {
        return Err(Fault::with(&violation::ONE_OF_REFUSED, "values", &join(&rules.none_of)));
    }
    Ok(())
}

fn double(rules: &ValueRules, number: f64) -> Result<(), Fault> {
    if !number.is_finite() {
        return Err(Fault::new(&violation::NOT_FINITE));
    }
    let ValueRules::Double(rules) = rules else { return Ok(()) };
    if let Some(min) = rules.gte.filter(|&min| number < min) {
        return Err(Fault::with(&violation::TOO_SMALL, "min", &min));
    }
    if let Some(max) = rules.lte.filter(|&max| number > max) {
        return Err(Fault::with(&violation::TOO_LARGE, "max", &max));
    }
    Ok(())
}

fn enum_value(rules: &ValueRules, number: i32, enumeration: Option<&Enum>) -> Result<(), Fault> {
    let ValueRules::Enum(rules) = rules else { return Ok(()) };
    if rules.defined_only && enumeration.is_some_and(|found| found.value(number).is_none()) {
        return Err(Fault::new(&violation::UNKNOWN_VALUE));
    }
    if rules.none_of.contains(&number) {
        return Err(Fault::new(&violation::VALUE_REQUIRED));
    }
    Ok(())
}
