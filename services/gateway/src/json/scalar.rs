//! Single values on their way in: what JSON, a query parameter or a path holds → wire bytes of a field.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use platform::contract::violation::UNKNOWN_VALUE;
use platform::contract::wire::{close, open, put_bytes, put_tag, put_varint, zigzag};
use platform::contract::{Contract, Field, Kind, Message, WellKnown};
use platform::error::Reason;

use super::time;
use crate::fault::{BASE64_INVALID, NUMBER_OUT_OF_RANGE, TIME_INVALID, WRONG_TYPE};

/// A value as the caller wrote it.
#[derive(Debug, Clone, Copy)]
pub enum Written<'a> {
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Double(f64),
    Text(&'a str),
    /// Text of a query parameter or a path segment, where everything is text.
    Plain(&'a str),
}

/// Why a value was not taken.
#[derive(Debug)]
pub struct Refusal {
    pub reason: &'static Reason,
    pub expected: Option<&'static str>,
}

impl From<&'static Reason> for Refusal {
    fn from(reason: &'static Reason) -> Self {
        Refusal { reason, expected: None }
    }
}

fn wrong_type(expected: &'static str) -> Refusal {
    Refusal { reason: &WRONG_TYPE, expected: Some(expected) }
}

/// The JSON type of a field's single values.
pub fn expected(contract: &Contract, kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "boolean",
        Kind::Double | Kind::Float => "number",
        Kind::String | Kind::Bytes | Kind::Enum(_) => "string",
        Kind::Message(id) => match contract.message(id).well_known {
            WellKnown::Timestamp | WellKnown::FieldMask => "string",
            WellKnown::List => "array",
            _ => "object",
        },
        _ => "integer",
    }
}

/// Writes tag and value.
pub fn put(out: &mut Vec<u8>, contract: &Contract, number: u32, kind: Kind, value: Written<'_>) -> Result<(), Refusal> {
    put_tag(out, number, kind.wire_type());
    put_value(out, contract, kind, value)
}

/// Writes the value without its tag, as in a packed list.
pub fn put_value(out: &mut Vec<u8>, contract: &Contract, kind: Kind, value: Written<'_>) -> Result<(), Refusal> {
    match kind {
        Kind::String => match value {
            Written::Text(text) | Written::Plain(text) => put_delimited(out, text.as_bytes()),
            _ => return Err(wrong_type("string")),
        },
        Kind::Bytes => match value {
            Written::Text(text) | Written::Plain(text) => {
                let bytes = decode_base64(text).ok_or(&BASE64_INVALID)?;
                put_delimited(out, &bytes);
            }
            _ => return Err(wrong_type("string")),
        },
        Kind::Bool => match value {
            Written::Bool(value) => out.push(u8::from(value)),
            Written::Plain("true") => out.push(1),
            Written::Plain("false") => out.push(0),
            _ => return Err(wrong_type("boolean")),
        },
        Kind::Double => out.extend_from_slice(&double(value)?.to_le_bytes()),
        Kind::Float => {
            let number = double(value)? as f32;
            if !number.is_finite() {
                return Err((&NUMBER_OUT_OF_RANGE).into());
            }
            out.extend_from_slice(&number.to_le_bytes());
        }
        Kind::Enum(id) => {
            let number = match value {
                Written::Text(name) | Written::Plain(name) => {
                    contract.enumeration(id).number(name).ok_or(&UNKNOWN_VALUE)?
                }
                Written::Bool(_) => return Err(wrong_type("string")),
                other => whole(other, i128::from(i32::MIN), i128::from(i32::MAX), false)? as i32,
            };
            put_varint(out, i64::from(number) as u64);
        }
        Kind::Message(id) => match contract.message(id).well_known {
            WellKnown::Timestamp => match value {
                Written::Text(text) | Written::Plain(text) => {
                    let (seconds, nanos) = time::parse(text).ok_or(&TIME_INVALID)?;
                    let start = open(out);
                    time::put(out, seconds, nanos);
                    close(out, start);
                }
                _ => return Err(wrong_type("string")),
            },
            WellKnown::FieldMask => match value {
                Written::Text(text) | Written::Plain(text) => {
                    let start = open(out);
                    for path in text.split(',').filter(|path| !path.is_empty()) {
                        put_bytes(out, 1, snake(path).as_bytes());
                    }
                    close(out, start);
                }
                _ => return Err(wrong_type("string")),
            },
            WellKnown::List => return Err(wrong_type("array")),
            WellKnown::No | WellKnown::HttpBody | WellKnown::Struct | WellKnown::Value => {
                return Err(wrong_type("object"));
            }
        },
        _ => integer(out, kind, value)?,
    }
    Ok(())
}

fn put_delimited(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn integer(out: &mut Vec<u8>, kind: Kind, value: Written<'_>) -> Result<(), Refusal> {
    let (low, high, text) = match kind {
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => (i128::from(i32::MIN), i128::from(i32::MAX), false),
        Kind::Uint32 | Kind::Fixed32 => (0, i128::from(u32::MAX), false),
        Kind::Uint64 | Kind::Fixed64 => (0, i128::from(u64::MAX), true),
        _ => (i128::from(i64::MIN), i128::from(i64::MAX), true),
    };
    let number = whole(value, low, high, text)?;
    match kind {
        Kind::Sint32 | Kind::Sint64 => put_varint(out, zigzag(number as i64)),
        Kind::Fixed32 | Kind::Sfixed32 => out.extend_from_slice(&(number as u32).to_le_bytes()),
        Kind::Fixed64 | Kind::Sfixed64 => out.extend_from_slice(&(number as u64).to_le_bytes()),
        _ => put_varint(out, number as u64),
    }
    Ok(())
}

/// A whole number in bounds. Numbers of 64 bits may stand as text, since JavaScript can't hold them all.
fn whole(value: Written<'_>, low: i128, high: i128, text: bool) -> Result<i128, Refusal> {
    let number = match value {
        Written::Signed(number) => i128::from(number),
        Written::Unsigned(number) => i128::from(number),
        // Beyond 2^53 a double may stand for another number than the caller wrote.
        Written::Double(number) if number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0 => number as i128,
        Written::Text(digits) if text => parse_whole(digits)?,
        Written::Plain(digits) => parse_whole(digits)?,
        _ => return Err(wrong_type("integer")),
    };
    if (low..=high).contains(&number) { Ok(number) } else { Err((&NUMBER_OUT_OF_RANGE).into()) }
}

fn parse_whole(digits: &str) -> Result<i128, Refusal> {
    let unsigned = digits.strip_prefix('-').unwrap_or(digits);
    if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong_type("integer"));
    }
    digits.parse().map_err(|_| (&NUMBER_OUT_OF_RANGE).into())
}

fn double(value: Written<'_>) -> Result<f64, Refusal> {
    let number = match value {
        Written::Double(number) => number,
        Written::Signed(number) => number as f64,
        Written::Unsigned(number) => number as f64,
        Written::Plain(text)
            if text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E')) =>
        {
            text.parse().map_err(|_| wrong_type("number"))?
        }
        _ => return Err(wrong_type("number")),
    };
    if number.is_finite() { Ok(number) } else { Err((&NUMBER_OUT_OF_RANGE).into()) }
}

/// Both alphabets, with and without padding, as ProtoJSON has it.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    [STANDARD, URL_SAFE, STANDARD_NO_PAD, URL_SAFE_NO_PAD].iter().find_map(|engine| engine.decode(text).ok())
}

/// `customFields.budget` → `custom_fields.budget`.
pub fn snake(path: &str) -> String {
    let mut snake = String::with_capacity(path.len() + 4);
    for character in path.chars() {
        if character.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

/// A value that the path or the query binds to a field.
#[derive(Debug, Clone)]
pub struct Bound<'a> {
    /// Indexes from the request message down.
    pub fields: &'a [usize],
    pub text: std::borrow::Cow<'a, str>,
}

/// The field that a binding leads to.
pub fn target<'c>(contract: &'c Contract, message: &'c Message, fields: &[usize]) -> Option<&'c Field> {
    let (first, rest) = fields.split_first()?;
    let field = &message.fields[*first];
    match (rest.is_empty(), field.message()) {
        (true, _) => Some(field),
        (false, Some(id)) => target(contract, contract.message(id), rest),
        (false, None) => None,
    }
}

/// Writes values that are bound below a message, those of one nested message together.
pub fn put_bound(
    out: &mut Vec<u8>,
    contract: &Contract,
    message: &Message,
    bound: &[&Bound<'_>],
    level: usize,
) -> Result<(), (usize, Refusal)> {
    for (position, value) in bound.iter().enumerate() {
        let index = value.fields[level];
        let field = &message.fields[index];
        if value.fields.len() == level + 1 {
            put(out, contract, field.number, field.kind, Written::Plain(&value.text))
                .map_err(|refusal| (position, refusal))?;
            continue;
        }
        // The whole nested message was written when its first value came.
        if bound[..position].iter().any(|earlier| earlier.fields[level] == index) {
            continue;
        }
        let Some(id) = field.message() else { continue };
        let below: Vec<(usize, &Bound<'_>)> = (position..bound.len())
            .filter(|&other| bound[other].fields[level] == index)
            .map(|other| (other, bound[other]))
            .collect();
        let values: Vec<&Bound<'_>> = below.iter().map(|(_, value)| *value).collect();
        put_tag(out, field.number, 2);
        let start = open(out);
        put_bound(out, contract, contract.message(id), &values, level + 1)
            .map_err(|(inner, refusal)| (below[inner].0, refusal))?;
        close(out, start);
    }
    Ok(())
}
