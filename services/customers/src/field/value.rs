//! A value of a custom field between the contract and the `custom_fields` object of a row. What the object holds is
//! what `platform::filter` reads: numbers as numbers, decimals, dates and times as strings in one spelling, codes as
//! arrays.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use contracts::customers::field_value::Value as Kind;
use contracts::customers::{Field, FieldType, FieldValue, OptionCodes};
use platform::contract::{is_email, violation};
use platform::error::{Reason, reason};
use platform::filter;
use serde_json::Value;

use super::fields::Fields;
use crate::dictionary::cache::Dictionaries;
use crate::error::reason as own;
use crate::search::text::phone_digits;

/// Characters of a TEXT.
const TEXT_LENGTH: usize = 2_000;
const LONG_TEXT_LENGTH: usize = 10_000;
/// Characters of addresses on the web, and of what else is one line.
const LINE_LENGTH: usize = 500;

/// Why a value is refused.
#[derive(Debug, PartialEq)]
pub struct Fault {
    pub reason: &'static Reason,
    pub args: Vec<(&'static str, String)>,
}

impl Fault {
    fn new(reason: &'static Reason) -> Self {
        Self { reason, args: Vec::new() }
    }

    fn code(reason: &'static Reason, dictionary: &str, code: &str) -> Self {
        Self { reason, args: vec![("dictionary", dictionary.to_owned()), ("code", code.to_owned())] }
    }
}

/// The value as it is stored; `None` when it is empty. Codes that the record holds already (`before`) may be retired.
pub fn to_json(
    field: &Field,
    value: &FieldValue,
    dictionaries: &Dictionaries,
    before: Option<&Value>,
) -> Result<Option<Value>, Fault> {
    let Some(kind) = &value.value else { return Ok(None) };
    let json = match (field.r#type(), kind) {
        (FieldType::Text, Kind::StringValue(text)) => text_json(short(text.trim(), TEXT_LENGTH)?),
        (FieldType::LongText, Kind::StringValue(text)) => text_json(short(text.trim(), LONG_TEXT_LENGTH)?),
        (FieldType::Email, Kind::StringValue(text)) => text_json(email(text.trim())?),
        (FieldType::Phone, Kind::StringValue(text)) => text_json(phone(text.trim())?),
        (FieldType::Url, Kind::StringValue(text)) => text_json(url(text.trim())?),
        (FieldType::Integer, Kind::IntegerValue(number)) => (*number).into(),
        (FieldType::Decimal, Kind::DecimalValue(text)) => decimal_json(text)?,
        (FieldType::Boolean, Kind::BooleanValue(value)) => (*value).into(),
        (FieldType::Date, Kind::DateValue(text)) => date_json(text)?,
        (FieldType::Timestamp, Kind::TimestampValue(time)) => timestamp_json(time)?,
        (FieldType::Option, Kind::StringValue(code)) => {
            let code = code.trim();
            if !code.is_empty() {
                let held = before.and_then(Value::as_str) == Some(code);
                check_code(dictionaries, &field.dictionary, code, held)?;
            }
            text_json(code)
        }
        (FieldType::Options, Kind::OptionsValue(options)) => {
            options_json(options, dictionaries, &field.dictionary, before)?
        }
        _ => {
            let wanted = field.r#type().as_str_name().trim_start_matches("FIELD_TYPE_").to_owned();
            return Err(Fault { reason: &own::FIELD_TYPE_MISMATCH, args: vec![("type", wanted)] });
        }
    };
    Ok(if json.is_null() { None } else { Some(json) })
}

fn short(text: &str, max: usize) -> Result<&str, Fault> {
    if text.chars().count() > max {
        return Err(Fault { reason: &violation::TOO_LONG, args: vec![("max", max.to_string())] });
    }
    Ok(text)
}

fn email(text: &str) -> Result<&str, Fault> {
    let fits = text.is_empty() || is_email(text);
    if fits { short(text, LINE_LENGTH) } else { Err(Fault::new(&violation::NOT_AN_EMAIL)) }
}

fn phone(text: &str) -> Result<&str, Fault> {
    let fits = text.is_empty() || !phone_digits(text).is_empty();
    if fits { short(text, 32) } else { Err(Fault::new(&own::PHONE_INVALID)) }
}

/// Only what a click may open: no script and no file.
fn url(text: &str) -> Result<&str, Fault> {
    let rest = ["https://", "http://"].iter().find_map(|scheme| {
        text.get(..scheme.len()).filter(|start| start.eq_ignore_ascii_case(scheme)).map(|_| &text[scheme.len()..])
    });
    let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let fits =
        host.is_some_and(|host| !host.is_empty()) && !text.contains(|c: char| c.is_whitespace() || c.is_control());
    if text.is_empty() || fits { short(text, LINE_LENGTH) } else { Err(Fault::new(&own::URL_INVALID)) }
}

fn text_json(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { text.into() }
}

/// One spelling for equal numbers, so that they can be told unique: `12.50` and `12.5` are both `12.5`.
fn decimal_json(text: &str) -> Result<Value, Fault> {
    match filter::Value::from_json(&filter::FieldType::Decimal, &text.into()) {
        filter::Value::Decimal(number) => Ok(filter::Value::Decimal(number.normalize()).to_json()),
        _ => Err(Fault::new(&reason::VALUE_INVALID)),
    }
}

fn date_json(text: &str) -> Result<Value, Fault> {
    match filter::Value::from_json(&filter::FieldType::Date, &text.into()) {
        filter::Value::Date(date) if !text.starts_with("0000") => Ok(filter::Value::Date(date).to_json()),
        _ => Err(Fault::new(&own::DATE_INVALID)),
    }
}

/// To the microsecond, as Postgres keeps times.
fn timestamp_json(time: &prost_types::Timestamp) -> Result<Value, Fault> {
    let time = u32::try_from(time.nanos)
        .ok()
        .and_then(|nanos| DateTime::<Utc>::from_timestamp(time.seconds, nanos))
        .and_then(|time| DateTime::from_timestamp_micros(time.timestamp_micros()))
        .ok_or_else(|| Fault::new(&reason::VALUE_INVALID))?;
    Ok(filter::Value::Timestamp(time).to_json())
}

fn options_json(
    options: &OptionCodes,
    dictionaries: &Dictionaries,
    dictionary: &str,
    before: Option<&Value>,
) -> Result<Value, Fault> {
    let held = before.and_then(Value::as_array);
    let mut codes: Vec<&str> = Vec::with_capacity(options.codes.len());
    for code in options.codes.iter().map(|code| code.trim()).filter(|code| !code.is_empty()) {
        let held = held.is_some_and(|held| held.iter().any(|known| known.as_str() == Some(code)));
        check_code(dictionaries, dictionary, code, held)?;
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    Ok(if codes.is_empty() { Value::Null } else { codes.into() })
}

fn check_code(dictionaries: &Dictionaries, dictionary: &str, code: &str, held: bool) -> Result<(), Fault> {
    match dictionaries.contains(dictionary, code) {
        None => Err(Fault::code(&own::CODE_UNKNOWN, dictionary, code)),
        Some(entry) if entry.retired && !held => Err(Fault::code(&own::CODE_RETIRED, dictionary, code)),
        Some(_) => Ok(()),
    }
}

/// A stored value as the contract states it; `None` when it isn't of the type.
pub fn from_json(field_type: FieldType, json: &Value) -> Option<FieldValue> {
    let kind = match field_type {
        FieldType::Text
        | FieldType::LongText
        | FieldType::Email
        | FieldType::Phone
        | FieldType::Url
        | FieldType::Option => Kind::StringValue(json.as_str()?.to_owned()),
        FieldType::Integer => Kind::IntegerValue(json.as_i64()?),
        FieldType::Decimal => Kind::DecimalValue(json.as_str()?.to_owned()),
        FieldType::Boolean => Kind::BooleanValue(json.as_bool()?),
        FieldType::Date => Kind::DateValue(json.as_str()?.to_owned()),
        FieldType::Timestamp => match filter::Value::from_json(&filter::FieldType::Timestamp, json) {
            filter::Value::Timestamp(time) => Kind::TimestampValue(platform::db::timestamp(time)),
            _ => return None,
        },
        FieldType::Options => {
            let codes = json.as_array()?.iter().map(|code| code.as_str().map(str::to_owned));
            Kind::OptionsValue(OptionCodes { codes: codes.collect::<Option<_>>()? })
        }
        FieldType::Unspecified => return None,
    };
    Some(FieldValue { value: Some(kind) })
}

/// The values of a row, those of retired fields and of unseen ones left out.
pub fn to_messages(fields: &Fields, custom_fields: &Value) -> HashMap<String, FieldValue> {
    let Some(values) = custom_fields.as_object().filter(|values| !values.is_empty()) else { return HashMap::new() };
    let known = fields.active().filter_map(|field| {
        let value = from_json(field.r#type(), values.get(&field.key)?)?;
        Some((field.key.clone(), value))
    });
    known.collect()
}

/// A stored value as plain text: for audit entries and for the table of unique values.
pub fn to_text(json: &Value) -> String {
    match json {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(codes) => codes.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// A value as a page token carries it.
pub fn to_key(value: &FieldValue) -> filter::Value {
    use filter::Value as Key;
    match &value.value {
        Some(Kind::StringValue(text)) => Key::Text(text.clone()),
        Some(Kind::IntegerValue(number)) => Key::Int(*number),
        Some(Kind::DecimalValue(text)) => text.parse().map_or(Key::Null, Key::Decimal),
        Some(Kind::BooleanValue(value)) => Key::Bool(*value),
        Some(Kind::DateValue(text)) => text.parse::<NaiveDate>().map_or(Key::Null, Key::Date),
        Some(Kind::TimestampValue(time)) => {
            let time = DateTime::<Utc>::from_timestamp(time.seconds, time.nanos.cast_unsigned());
            time.map_or(Key::Null, Key::Timestamp)
        }
        Some(Kind::OptionsValue(options)) => Key::List(options.codes.clone()),
        None => Key::Null,
    }
}
