//! `google.protobuf.Struct` ↔ JSON: a resource of SCIM has attributes that no contract of ours names.

use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as Wire};
use serde_json::{Map, Number, Value};

/// Up to here a double tells every whole number.
const WHOLE: f64 = 9_007_199_254_740_992.0;

pub fn read(resource: Option<Struct>) -> Map<String, Value> {
    resource.unwrap_or_default().fields.into_iter().map(|(name, value)| (name, value_of(value))).collect()
}

fn value_of(value: Wire) -> Value {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(value)) => Value::Bool(value),
        Some(Kind::NumberValue(value)) if value.fract() == 0.0 && value.abs() < WHOLE => Value::from(value as i64),
        Some(Kind::NumberValue(value)) => Number::from_f64(value).map_or(Value::Null, Value::Number),
        Some(Kind::StringValue(value)) => Value::String(value),
        Some(Kind::ListValue(list)) => Value::Array(list.values.into_iter().map(value_of).collect()),
        Some(Kind::StructValue(value)) => Value::Object(read(Some(value))),
    }
}

pub fn write(resource: Value) -> Struct {
    match resource {
        Value::Object(members) => {
            Struct { fields: members.into_iter().map(|(name, value)| (name, wire_of(value))).collect() }
        }
        _ => Struct::default(),
    }
}

fn wire_of(value: Value) -> Wire {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(value) => Kind::BoolValue(value),
        Value::Number(value) => Kind::NumberValue(value.as_f64().unwrap_or_default()),
        Value::String(value) => Kind::StringValue(value),
        Value::Array(list) => Kind::ListValue(ListValue { values: list.into_iter().map(wire_of).collect() }),
        members @ Value::Object(_) => Kind::StructValue(write(members)),
    };
    Wire { kind: Some(kind) }
}
