//! A JSON object of any content → `google.protobuf.Struct`.

use platform::contract::wire::{close, open, put_bytes, put_tag, put_varint};
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use serde_json::{Map, Value};

use super::{Cx, MAX_DEPTH};
use crate::fault::JSON_TOO_DEEP;

/// Reads the whole object first: only then is it known that it is one.
pub fn read_struct<'de, D: Deserializer<'de>>(cx: &mut Cx<'_, '_>, json: D) -> Result<(), D::Error> {
    match Value::deserialize(json)? {
        Value::Object(members) => put_struct(cx, &members, 0),
        _ => Err(cx.wrong_type("object")),
    }
}

fn put_struct<E: Error>(cx: &mut Cx<'_, '_>, members: &Map<String, Value>, depth: usize) -> Result<(), E> {
    if depth > MAX_DEPTH {
        return Err(cx.fail(&JSON_TOO_DEEP));
    }
    for (name, value) in members {
        put_tag(cx.out, 1, 2);
        let entry = open(cx.out);
        put_bytes(cx.out, 1, name.as_bytes());
        put_tag(cx.out, 2, 2);
        let start = open(cx.out);
        put_value(cx, value, depth + 1)?;
        close(cx.out, start);
        close(cx.out, entry);
    }
    Ok(())
}

fn put_value<E: Error>(cx: &mut Cx<'_, '_>, value: &Value, depth: usize) -> Result<(), E> {
    match value {
        Value::Null => {
            put_tag(cx.out, 1, 0);
            put_varint(cx.out, 0);
        }
        Value::Number(number) => {
            put_tag(cx.out, 2, 1);
            cx.out.extend_from_slice(&number.as_f64().unwrap_or_default().to_le_bytes());
        }
        Value::String(text) => put_bytes(cx.out, 3, text.as_bytes()),
        Value::Bool(truth) => {
            put_tag(cx.out, 4, 0);
            put_varint(cx.out, u64::from(*truth));
        }
        Value::Object(members) => {
            put_tag(cx.out, 5, 2);
            let start = open(cx.out);
            put_struct(cx, members, depth + 1)?;
            close(cx.out, start);
        }
        Value::Array(values) => {
            if depth > MAX_DEPTH {
                return Err(cx.fail(&JSON_TOO_DEEP));
            }
            put_tag(cx.out, 6, 2);
            let list = open(cx.out);
            for value in values {
                put_tag(cx.out, 1, 2);
                let start = open(cx.out);
                put_value(cx, value, depth + 1)?;
                close(cx.out, start);
            }
            close(cx.out, list);
        }
    }
    Ok(())
}
