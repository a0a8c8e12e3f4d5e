//! One value of a field, as a row holds it, a filter compares with it and a page token carries it.

use std::cmp::Ordering;

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::schema::{EnumValues, FieldType};

/// A record that the in-memory back end can look at.
pub trait Row {
    /// The value of a field by the name it has in the schema; `Value::Null` where there is none.
    fn value(&self, field: &str) -> Value;
}

/// The serialised names are short because page tokens carry them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    #[serde(rename = "n")]
    Null,
    #[serde(rename = "b")]
    Bool(bool),
    /// `Int`, `Duration` in seconds, and an `Enum` stored as a number.
    #[serde(rename = "i")]
    Int(i64),
    #[serde(rename = "d")]
    Decimal(Decimal),
    /// `String`, `Text`, `CodePrefix`, and an `Enum` stored as text.
    #[serde(rename = "s")]
    Text(String),
    #[serde(rename = "a")]
    Date(NaiveDate),
    #[serde(rename = "t")]
    Timestamp(DateTime<Utc>),
    #[serde(rename = "u")]
    Uuid(Uuid),
    #[serde(rename = "l")]
    List(Vec<String>),
}

impl Value {
    /// Reads a custom field as it's stored in the `jsonb` object. What isn't of the type counts as missing.
    pub fn from_json(field_type: &FieldType, json: &serde_json::Value) -> Self {
        Self::read_json(field_type, json).unwrap_or(Self::Null)
    }

    fn read_json(field_type: &FieldType, json: &serde_json::Value) -> Option<Self> {
        Some(match field_type {
            FieldType::String | FieldType::Text | FieldType::CodePrefix => Self::Text(json.as_str()?.into()),
            FieldType::Enum(values) => match **values {
                EnumValues::Ints(_) => Self::Int(json.as_i64()?),
                EnumValues::Texts(_) => Self::Text(json.as_str()?.into()),
            },
            FieldType::Int | FieldType::Duration => Self::Int(json.as_i64()?),
            FieldType::Decimal => Self::Decimal(decimal(json.as_str()?)?),
            FieldType::Bool => Self::Bool(json.as_bool()?),
            FieldType::Date => Self::Date(date(json.as_str()?)?),
            FieldType::Timestamp => Self::Timestamp(timestamp(json.as_str()?.strip_suffix('Z').and(json.as_str())?)?),
            FieldType::Uuid => Self::Uuid(json.as_str()?.parse().ok()?),
            FieldType::StringList => {
                let elements = json.as_array()?.iter().map(|element| Some(element.as_str()?.to_owned()));
                Self::List(elements.collect::<Option<_>>()?)
            }
        })
    }

    /// Writes a custom field: numbers as numbers, decimals as strings (no rounding by a reader), dates and times in
    /// RFC 3339, times in UTC with a `Z`.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Int(value) => (*value).into(),
            Self::Decimal(value) => value.to_string().into(),
            Self::Text(value) => value.as_str().into(),
            Self::Date(value) => value.to_string().into(),
            Self::Timestamp(value) => value.to_rfc3339_opts(SecondsFormat::AutoSi, true).into(),
            Self::Uuid(value) => value.to_string().into(),
            Self::List(value) => value.as_slice().into(),
        }
    }

    /// The order within one field; `None` when a value is missing or the two are of different kinds.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            (Self::Decimal(a), Self::Decimal(b)) => Some(a.cmp(b)),
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            (Self::Date(a), Self::Date(b)) => Some(a.cmp(b)),
            // Postgres keeps microseconds; a row that hasn't been there yet may have more.
            (Self::Timestamp(a), Self::Timestamp(b)) => Some(a.timestamp_micros().cmp(&b.timestamp_micros())),
            (Self::Uuid(a), Self::Uuid(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }

    /// Postgres would take it: no null characters, no years beyond its calendar.
    pub(super) fn is_storable(&self) -> bool {
        match self {
            Self::Text(text) => !text.contains('\0'),
            Self::Date(date) => (0..=9999).contains(&date.year()),
            Self::Timestamp(time) => (0..=9999).contains(&time.year()),
            _ => true,
        }
    }

    /// An empty text or list is what a form sends for nothing.
    pub(super) fn is_present(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Text(text) => !text.is_empty(),
            Self::List(elements) => !elements.is_empty(),
            _ => true,
        }
    }

    /// The form in which a field's values are compared: `Text` folds A to Z.
    pub(super) fn folded(self, field_type: &FieldType) -> Self {
        match (field_type, self) {
            (FieldType::Text, Self::Text(text)) => Self::Text(text.to_ascii_lowercase()),
            (_, value) => value,
        }
    }
}

/// Digits with an optional sign and fraction: no exponent, no separators, nothing that would be rounded.
pub(super) fn decimal(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = [whole, fraction].iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    if is_number { Decimal::from_str_exact(text).ok() } else { None }
}

/// `YYYY-MM-DD` from the year 1 on, and only that.
pub(super) fn date(text: &str) -> Option<NaiveDate> {
    let is_shaped = text.len() == 10
        && text.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    if !is_shaped {
        return None;
    }
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|date| date.year() > 0)
}

/// RFC 3339, to the microsecond that Postgres keeps.
pub(super) fn timestamp(text: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::from_timestamp_micros(DateTime::parse_from_rfc3339(text).ok()?.timestamp_micros());
    time.filter(|time| (1..=9999).contains(&time.year()))
}
