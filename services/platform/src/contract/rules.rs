//! The `buf.validate` rules that our contracts use, read from a field's options. A rule that is not known here is a
//! fault at start, so no rule is ever silently not enforced.

use prost_reflect::{DynamicMessage, Kind, Value};
use regex::Regex;

/// Characters that a string of a request may have when its contract states no limit.
pub const DEFAULT_MAX_LEN: u64 = 1000;

/// HTML's definition of a valid e-mail address, which is also protovalidate's.
pub const EMAIL: &str = "^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\
                         (?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$";

#[derive(Debug, Default, Clone)]
pub struct Rules {
    pub required: bool,
    /// An empty value passes.
    pub ignore_zero: bool,
    pub value: ValueRules,
}

#[derive(Debug, Default, Clone)]
pub enum ValueRules {
    #[default]
    None,
    Text(TextRules),
    Bytes(BytesRules),
    Integer(IntegerRules),
    Double(DoubleRules),
    Enum(EnumRules),
    Repeated(RepeatedRules),
    Map(MapRules),
}

/// Lengths in characters.
#[derive(Debug, Default, Clone)]
pub struct TextRules {
    pub min_len: Option<u64>,
    pub max_len: Option<u64>,
    pub pattern: Option<Regex>,
    pub email: bool,
    pub uuid: bool,
    pub one_of: Vec<String>,
    pub none_of: Vec<String>,
}

#[derive(Debug, Default, Clone)]
pub struct BytesRules {
    pub min_len: Option<u64>,
    pub max_len: Option<u64>,
}

#[derive(Debug, Default, Clone)]
pub struct IntegerRules {
    pub gte: Option<i128>,
    pub lte: Option<i128>,
    pub one_of: Vec<i128>,
    pub none_of: Vec<i128>,
}

#[derive(Debug, Default, Clone)]
pub struct DoubleRules {
    pub gte: Option<f64>,
    pub lte: Option<f64>,
}

#[derive(Debug, Default, Clone)]
pub struct EnumRules {
    pub defined_only: bool,
    pub none_of: Vec<i32>,
}

#[derive(Debug, Default, Clone)]
pub struct RepeatedRules {
    pub min_items: Option<u64>,
    pub max_items: Option<u64>,
    pub unique: bool,
    pub items: Box<Rules>,
}

#[derive(Debug, Default, Clone)]
pub struct MapRules {
    pub min_pairs: Option<u64>,
    pub max_pairs: Option<u64>,
    pub keys: Box<Rules>,
    pub values: Box<Rules>,
}

/// Reads `buf.validate.FieldRules`.
pub fn read(options: &DynamicMessage) -> Result<Rules, String> {
    let mut rules = Rules::default();
    for (field, value) in options.fields() {
        match (field.name(), value) {
            ("required", Value::Bool(required)) => rules.required = *required,
            ("ignore", Value::EnumNumber(number)) => {
                let Kind::Enum(ignore) = field.kind() else { return Err("`ignore` is no enum".into()) };
                match ignore.get_value(*number).as_ref().map(|value| value.name().to_owned()).as_deref() {
                    Some("IGNORE_UNSPECIFIED") => {}
                    Some("IGNORE_IF_ZERO_VALUE") => rules.ignore_zero = true,
                    _ => return Err(format!("unknown value {number} of `ignore`")),
                }
            }
            ("string", Value::Message(message)) => rules.value = ValueRules::Text(text(message)?),
            ("bytes", Value::Message(message)) => rules.value = ValueRules::Bytes(bytes(message)?),
            ("enum", Value::Message(message)) => rules.value = ValueRules::Enum(enumeration(message)?),
            ("double" | "float", Value::Message(message)) => rules.value = ValueRules::Double(double(message)?),
            ("repeated", Value::Message(message)) => rules.value = ValueRules::Repeated(repeated(message)?),
            ("map", Value::Message(message)) => rules.value = ValueRules::Map(map(message)?),
            ("int32" | "int64" | "uint32" | "uint64" | "sint32" | "sint64", Value::Message(message)) => {
                rules.value = ValueRules::Integer(integer(message)?);
            }
            (name, _) => return Err(unknown(name)),
        }
    }
    Ok(rules)
}

fn unknown(name: &str) -> String {
    format!("the validation rule `{name}` is not supported")
}

fn text(message: &DynamicMessage) -> Result<TextRules, String> {
    let mut rules = TextRules::default();
    for (field, value) in message.fields() {
        match (field.name(), value) {
            ("min_len", Value::U64(length)) => rules.min_len = Some(*length),
            ("max_len", Value::U64(length)) => rules.max_len = Some(*length),
            ("pattern", Value::String(pattern)) => {
                rules.pattern = Some(Regex::new(pattern).map_err(|error| format!("broken pattern: {error}"))?);
            }
            ("email", Value::Bool(true)) => rules.email = true,
            ("uuid", Value::Bool(true)) => rules.uuid = true,
            ("in", Value::List(values)) => rules.one_of = strings(values),
            ("not_in", Value::List(values)) => rules.none_of = strings(values),
            (name, _) => return Err(unknown(&format!("string.{name}"))),
        }
    }
    Ok(rules)
}

fn strings(values: &[Value]) -> Vec<String> {
    values.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn bytes(message: &DynamicMessage) -> Result<BytesRules, String> {
    let mut rules = BytesRules::default();
    for (field, value) in message.fields() {
        match (field.name(), value) {
            ("min_len", Value::U64(length)) => rules.min_len = Some(*length),
            ("max_len", Value::U64(length)) => rules.max_len = Some(*length),
            (name, _) => return Err(unknown(&format!("bytes.{name}"))),
        }
    }
    Ok(rules)
}

fn whole(value: &Value) -> Option<i128> {
    match value {
        Value::I32(number) => Some(i128::from(*number)),
        Value::I64(number) => Some(i128::from(*number)),
        Value::U32(number) => Some(i128::from(*number)),
        Value::U64(number) => Some(i128::from(*number)),
        _ => None,
    }
}

fn integer(message: &DynamicMessage) -> Result<IntegerRules, String> {
    let mut rules = IntegerRules::default();
    for (field, value) in message.fields() {
        match (field.name(), value, whole(value)) {
            ("gte", _, Some(bound)) => rules.gte = Some(bound),
            ("gt", _, Some(bound)) => rules.gte = Some(bound + 1),
            ("lte", _, Some(bound)) => rules.lte = Some(bound),
            ("lt", _, Some(bound)) => rules.lte = Some(bound - 1),
            ("in", Value::List(values), _) => rules.one_of = values.iter().filter_map(whole).collect(),
            ("not_in", Value::List(values), _) => rules.none_of = values.iter().filter_map(whole).collect(),
            (name, _, _) => return Err(unknown(&format!("integer.{name}"))),
        }
    }
    Ok(rules)
}

fn double(message: &DynamicMessage) -> Result<DoubleRules, String> {
    let mut rules = DoubleRules::default();
    for (field, value) in message.fields() {
        let bound = value.as_f64().or_else(|| value.as_f32().map(f64::from));
        match (field.name(), bound) {
            ("gte", Some(bound)) => rules.gte = Some(bound),
            ("lte", Some(bound)) => rules.lte = Some(bound),
            (name, _) => return Err(unknown(&format!("double.{name}"))),
        }
    }
    Ok(rules)
}

fn enumeration(message: &DynamicMessage) -> Result<EnumRules, String> {
    let mut rules = EnumRules::default();
    for (field, value) in message.fields() {
        match (field.name(), value) {
            ("defined_only", Value::Bool(only)) => rules.defined_only = *only,
            ("not_in", Value::List(values)) => rules.none_of = values.iter().filter_map(Value::as_i32).collect(),
            (name, _) => return Err(unknown(&format!("enum.{name}"))),
        }
    }
    Ok(rules)
}

fn repeated(message: &DynamicMessage) -> Result<RepeatedRules, String> {
    let mut rules = RepeatedRules::default();
    for (field, value) in message.fields() {
        match (field.name(), value) {
            ("min_items", Value::U64(count)) => rules.min_items = Some(*count),
            ("max_items", Value::U64(count)) => rules.max_items = Some(*count),
            ("unique", Value::Bool(unique)) => rules.unique = *unique,
            ("items", Value::Message(items)) => *rules.items = read(items)?,
            (name, _) => return Err(unknown(&format!("repeated.{name}"))),
        }
    }
    Ok(rules)
}

fn map(message: &DynamicMessage) -> Result<MapRules, String> {
    let mut rules = MapRules::default();
    for (field, value) in message.fields() {
        match (field.name(), value) {
            ("min_pairs", Value::U64(count)) => rules.min_pairs = Some(*count),
            ("max_pairs", Value::U64(count)) => rules.max_pairs = Some(*count),
            ("keys", Value::Message(keys)) => *rules.keys = read(keys)?,
            ("values", Value::Message(values)) => *rules.values = read(values)?,
            (name, _) => return Err(unknown(&format!("map.{name}"))),
        }
    }
    Ok(rules)
}
