//! JSON Schemas (2020-12) of messages. A message that goes both ways has up to three: what is answered, where every plain
//! field is present; what is sent to create, held to the validation rules; and what is sent to update, where all is
//! optional and `null` clears.

use std::collections::HashMap;

use platform::contract::rules::{DEFAULT_MAX_LEN, IntegerRules, Rules, TextRules, ValueRules};
use platform::contract::{Contract, EnumId, Field, Kind, Label, Message, MessageId, WellKnown};
use serde_json::{Map, Value, json};

/// A UUID or nothing.
const UUID_OR_EMPTY: &str = "^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})?$";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    Output,
    Input,
    Patch,
}

pub struct Schemas<'c> {
    contract: &'c Contract,
    names: HashMap<MessageId, String>,
    enum_names: HashMap<EnumId, String>,
    done: Map<String, Value>,
}

impl<'c> Schemas<'c> {
    pub fn new(contract: &'c Contract) -> Schemas<'c> {
        Schemas { contract, names: HashMap::new(), enum_names: HashMap::new(), done: Map::new() }
    }

    pub fn finish(mut self) -> Map<String, Value> {
        self.done.sort_keys();
        self.done
    }

    /// The short name, with the service's before it when two messages share it.
    fn name(&mut self, message: &Message) -> String {
        if let Some(name) = self.names.get(&message.id) {
            return name.clone();
        }
        let name = free(&message.full_name, &message.name, self.names.values().chain(self.enum_names.values()));
        self.names.insert(message.id, name.clone());
        name
    }

    pub fn reference(&mut self, message: &Message, role: Role) -> Value {
        let name = self.name(message)
            + match role {
                Role::Output => "",
                Role::Input => "Input",
                Role::Patch => "Patch",
            };
        if !self.done.contains_key(&name) {
            // Holds the place while the message's own fields are looked at.
            self.done.insert(name.clone(), Value::Null);
            let schema = self.object(message, role, &[]);
            self.done.insert(name.clone(), schema);
        }
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }

    /// The body of a method that takes its whole request there, but for what the path holds.
    pub fn request(&mut self, message: &Message, bound: &[usize]) -> Value {
        let name = self.name(message);
        if !self.done.contains_key(&name) {
            let schema = self.object(message, Role::Input, bound);
            self.done.insert(name.clone(), schema);
        }
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }

    fn object(&mut self, message: &Message, role: Role, without: &[usize]) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for (index, field) in message.fields.iter().enumerate() {
            if without.contains(&index) {
                continue;
            }
            properties.insert(field.json_name.clone(), self.field(field, role));
            let always = match role {
                Role::Output => !field.presence,
                Role::Input => message.needed().contains(&index),
                Role::Patch => false,
            };
            if always {
                required.push(field.json_name.clone());
            }
        }
        let mut schema = json!({ "type": "object" });
        if !message.comment.is_empty() {
            schema["description"] = message.comment.replace('\n', " ").into();
        }
        schema["properties"] = properties.into();
        if !required.is_empty() {
            schema["required"] = required.into();
        }
        if role != Role::Output {
            schema["additionalProperties"] = false.into();
        }
        one_of_members(message, &mut schema);
        schema
    }

    /// A field with its label: a value, a list, a map.
    pub fn field(&mut self, field: &Field, role: Role) -> Value {
        let mut schema = match field.label {
            Label::Single => self.value(field, role),
            Label::Repeated => self.list(field, role),
            Label::Map => self.map(field, role),
        };
        if role == Role::Patch && field.presence && field.label == Label::Single {
            schema = nullable(schema);
        }
        let object = schema.as_object_mut().expect("schemas are objects");
        if !field.comment.is_empty() {
            object.insert("description".to_owned(), field.comment.replace('\n', " ").into());
        }
        if field.output_only {
            object.insert("readOnly".to_owned(), true.into());
        }
        schema
    }

    /// A single value of the field.
    pub fn value(&mut self, field: &Field, role: Role) -> Value {
        self.kind(field.kind, &field.rules, role)
    }

    fn list(&mut self, field: &Field, role: Role) -> Value {
        let none = Rules::default();
        let ValueRules::Repeated(rules) = &field.rules.value else {
            return json!({ "type": "array", "items": self.kind(field.kind, &none, role) });
        };
        let mut schema = json!({ "type": "array", "items": self.kind(field.kind, &rules.items, role) });
        if role != Role::Output {
            put(&mut schema, "minItems", rules.min_items.filter(|_| role == Role::Input));
            put(&mut schema, "maxItems", rules.max_items);
            put(&mut schema, "uniqueItems", rules.unique.then_some(true));
        }
        schema
    }

    fn map(&mut self, field: &Field, role: Role) -> Value {
        let Some(entry) = field.message().map(|id| self.contract.message(id)) else { return json!({}) };
        let none = Rules::default();
        let (keys, values, most) = match &field.rules.value {
            ValueRules::Map(rules) => (&*rules.keys, &*rules.values, rules.max_pairs),
            _ => (&none, &none, None),
        };
        let mut value = self.kind(entry.fields[1].kind, values, if role == Role::Patch { Role::Input } else { role });
        if role == Role::Patch {
            value = nullable(value);
        }
        let mut schema = json!({ "type": "object", "additionalProperties": value });
        if role != Role::Output {
            let mut names = self.kind(Kind::String, keys, role);
            if let Some(names) = names.as_object_mut() {
                names.remove("type");
            }
            schema["propertyNames"] = names;
            put(&mut schema, "maxProperties", most);
        }
        schema
    }

    fn kind(&mut self, kind: Kind, rules: &Rules, role: Role) -> Value {
        let sent = role != Role::Output;
        match kind {
            Kind::String if sent => text(rules),
            Kind::String => json!({ "type": "string" }),
            Kind::Bytes => json!({ "type": "string", "contentEncoding": "base64" }),
            Kind::Bool => json!({ "type": "boolean" }),
            Kind::Double | Kind::Float => {
                let mut schema = json!({ "type": "number", "format": "double" });
                if let (true, ValueRules::Double(rules)) = (sent, &rules.value) {
                    put(&mut schema, "minimum", rules.gte);
                    put(&mut schema, "maximum", rules.lte);
                }
                schema
            }
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => integer("int32", &json!("integer"), rules, sent),
            Kind::Uint32 | Kind::Fixed32 => integer("uint32", &json!("integer"), rules, sent),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 | Kind::Uint64 | Kind::Fixed64 => {
                let kind = if sent { json!(["string", "integer"]) } else { json!("string") };
                let mut schema = integer("int64", &kind, rules, sent);
                schema["pattern"] = "^-?[0-9]{1,20}$".into();
                schema
            }
            Kind::Enum(id) => self.enumeration(id, rules, sent),
            Kind::Message(id) => {
                let message = self.contract.message(id);
                match message.well_known {
                    WellKnown::Timestamp => json!({ "type": "string", "format": "date-time" }),
                    WellKnown::FieldMask => json!({ "type": "string", "examples": ["name,level"] }),
                    WellKnown::HttpBody => json!({ "type": "string", "format": "binary" }),
                    // Inside an update, a nested message is sent whole.
                    WellKnown::No => self.reference(message, if sent { Role::Input } else { Role::Output }),
                }
            }
        }
    }

    fn enumeration(&mut self, id: EnumId, rules: &Rules, sent: bool) -> Value {
        let table = self.contract.enumeration(id);
        let name = match self.enum_names.get(&id) {
            Some(name) => name.clone(),
            None => {
                let taken = self.names.values().chain(self.enum_names.values());
                let name = free(&table.full_name, &table.name, taken);
                self.enum_names.insert(id, name.clone());
                name
            }
        };
        if !self.done.contains_key(&name) {
            let names: Vec<&str> = table.values.iter().map(|value| value.name.as_str()).collect();
            let told = table.values.iter().filter(|value| !value.comment.is_empty());
            let told: Vec<String> =
                told.map(|value| format!("- `{}`: {}", value.name, value.comment.replace('\n', " "))).collect();
            let mut schema = json!({ "type": "string", "enum": names });
            let description = [table.comment.replace('\n', " "), told.join("\n")].join("\n");
            if !description.trim().is_empty() {
                schema["description"] = description.trim().into();
            }
            self.done.insert(name.clone(), schema);
        }
        let mut schema = json!({ "$ref": format!("#/components/schemas/{name}") });
        if let (true, ValueRules::Enum(rules)) = (sent, &rules.value)
            && !rules.none_of.is_empty()
        {
            let refused = rules.none_of.iter().filter_map(|number| Some(table.value(*number)?.name.as_str()));
            schema["not"] = json!({ "enum": refused.collect::<Vec<_>>() });
        }
        schema
    }
}

fn free<'a>(full_name: &str, name: &str, taken: impl Iterator<Item = &'a String>) -> String {
    if taken.into_iter().all(|other| other != name) {
        return name.to_owned();
    }
    let domain = full_name.split('.').nth(1).unwrap_or_default();
    let mut letters = domain.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    format!("{}{}{name}", first.map(String::from).unwrap_or_default(), letters.as_str())
}

fn put<T: Into<Value>>(schema: &mut Value, name: &str, value: Option<T>) {
    if let Some(value) = value {
        schema[name] = value.into();
    }
}

fn nullable(mut schema: Value) -> Value {
    match schema.get("type").and_then(Value::as_str) {
        Some(kind) => {
            schema["type"] = json!([kind, "null"]);
            schema
        }
        None => json!({ "anyOf": [schema, { "type": "null" }] }),
    }
}

fn text(rules: &Rules) -> Value {
    let mut schema = json!({ "type": "string" });
    let unlimited = TextRules::default();
    let text = match &rules.value {
        ValueRules::Text(text) => text,
        _ => &unlimited,
    };
    if !text.one_of.is_empty() {
        schema["enum"] = text.one_of.clone().into();
        return schema;
    }
    put(&mut schema, "minLength", text.min_len.filter(|_| !rules.ignore_zero));
    put(&mut schema, "pattern", text.pattern.as_ref().map(|pattern| pattern.as_str().to_owned()));
    match (text.uuid, text.email, rules.ignore_zero) {
        (true, _, false) => schema["format"] = "uuid".into(),
        (true, _, true) => schema["pattern"] = UUID_OR_EMPTY.into(),
        (_, true, false) => schema["format"] = "email".into(),
        (_, true, true) => {
            // Beside an address, the empty text passes.
            let max = text.max_len.unwrap_or(DEFAULT_MAX_LEN);
            return json!({
                "type": "string",
                "maxLength": max,
                "anyOf": [{ "format": "email", "minLength": 1 }, { "maxLength": 0 }],
            });
        }
        _ => {}
    }
    if !text.uuid {
        schema["maxLength"] = text.max_len.unwrap_or(DEFAULT_MAX_LEN).into();
    }
    schema
}

fn integer(format: &str, kind: &Value, rules: &Rules, sent: bool) -> Value {
    let mut schema = json!({ "type": kind, "format": format });
    let unlimited = IntegerRules::default();
    let rules = match &rules.value {
        ValueRules::Integer(rules) => rules,
        _ => &unlimited,
    };
    if sent {
        let bounds = match format {
            "int32" => (Some(i64::from(i32::MIN)), Some(i64::from(i32::MAX))),
            "uint32" => (Some(0), Some(i64::from(u32::MAX))),
            _ => (None, None),
        };
        put(&mut schema, "minimum", rules.gte.and_then(|bound| i64::try_from(bound).ok()).or(bounds.0));
        put(&mut schema, "maximum", rules.lte.and_then(|bound| i64::try_from(bound).ok()).or(bounds.1));
    }
    schema
}

/// Of a oneof's members, one at most.
fn one_of_members(message: &Message, schema: &mut Value) {
    let mut pairs = Vec::new();
    for oneof in &message.oneofs {
        if oneof.fields.len() == message.fields.len() {
            schema["maxProperties"] = 1.into();
            return;
        }
        for (position, &first) in oneof.fields.iter().enumerate() {
            for &second in &oneof.fields[position + 1..] {
                let names = [&message.fields[first].json_name, &message.fields[second].json_name];
                pairs.push(json!({ "required": names }));
            }
        }
    }
    if !pairs.is_empty() {
        schema["not"] = json!({ "anyOf": pairs });
    }
}
