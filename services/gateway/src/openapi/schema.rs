//! Messages as JSON Schema (2020-12). A message has one schema for answers, where every field without presence always
//! stands, and one for requests, where unknown fields are refused.

use std::collections::{BTreeMap, BTreeSet};

use platform::contract::rules::{EnumRules, IntegerRules, RepeatedRules, Rules, TextRules, ValueRules};
use platform::contract::{Contract, EnumId, Field, Kind, Label, MessageId, WellKnown};
use serde_json::{Map, Value, json};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    Input,
    Output,
}

/// Schemas that operations have asked for, and those below them.
pub struct Schemas<'c> {
    contract: &'c Contract,
    done: BTreeMap<String, Value>,
    under_way: BTreeSet<String>,
    short_names: BTreeMap<String, usize>,
}

impl<'c> Schemas<'c> {
    pub fn new(contract: &'c Contract) -> Self {
        let mut short_names = BTreeMap::new();
        for message in contract.messages() {
            *short_names.entry(message.name.clone()).or_insert(0) += 1;
        }
        Self { contract, done: BTreeMap::new(), under_way: BTreeSet::new(), short_names }
    }

    /// A reference to the schema of a message.
    pub fn reference(&mut self, id: MessageId, direction: Direction) -> Value {
        match self.contract.message(id).well_known {
            WellKnown::Timestamp => return json!({"type": "string", "format": "date-time"}),
            WellKnown::FieldMask => {
                return json!({"type": "string", "maxLength": 4000, "description": "Paths divided by commas."});
            }
            WellKnown::HttpBody => return json!({"type": "string", "format": "binary"}),
            WellKnown::Struct => return json!({"type": "object"}),
            WellKnown::Value => return json!({}),
            WellKnown::List => return json!({"type": "array"}),
            WellKnown::No => {}
        }
        let name = self.name(id, direction);
        if !self.done.contains_key(&name) && self.under_way.insert(name.clone()) {
            let schema = self.object(id, direction, &[]);
            self.done.insert(name.clone(), schema);
        }
        json!({"$ref": format!("#/components/schemas/{name}")})
    }

    /// The schema of a request body: the message without the fields that the path binds.
    pub fn body(&mut self, id: MessageId, bound: &[usize]) -> Value {
        if bound.is_empty() {
            return self.reference(id, Direction::Input);
        }
        let name = self.name(id, Direction::Output);
        let schema = self.object(id, Direction::Input, bound);
        self.done.insert(name.clone(), schema);
        json!({"$ref": format!("#/components/schemas/{name}")})
    }

    /// Whether a body of this message must hold something; one that must not may be left out.
    pub fn needs(&self, id: MessageId, bound: &[usize]) -> bool {
        let fields = self.contract.message(id).fields.iter().enumerate();
        let mut others = fields.filter(|(index, _)| !bound.contains(index)).map(|(_, field)| &field.rules);
        others.any(|rules| {
            let zero_refused = match &rules.value {
                ValueRules::Text(rules) => rules.uuid || rules.min_len.is_some_and(|least| least > 0),
                ValueRules::Enum(rules) => rules.none_of.contains(&0),
                ValueRules::Repeated(rules) => rules.min_items.is_some_and(|least| least > 0),
                _ => false,
            };
            rules.required || (zero_refused && !rules.ignore_zero)
        })
    }

    fn name(&self, id: MessageId, direction: Direction) -> String {
        let message = self.contract.message(id);
        let short = match self.short_names.get(&message.name) {
            Some(1) => message.name.clone(),
            // Two services have a message of this name.
            _ => message.full_name.split('.').skip(1).filter(|part| *part != "v1").collect::<Vec<_>>().join("_"),
        };
        match direction {
            Direction::Output => short,
            Direction::Input if short.ends_with("Request") => short,
            Direction::Input => format!("{short}Input"),
        }
    }

    fn object(&mut self, id: MessageId, direction: Direction, leave_out: &[usize]) -> Value {
        let message = self.contract.message(id);
        let mut properties = Map::new();
        let mut required = Vec::new();
        for (index, field) in message.fields.iter().enumerate() {
            if leave_out.contains(&index) {
                continue;
            }
            properties.insert(field.json_name.clone(), self.field(field, direction));
            let always = match direction {
                Direction::Output => !field.presence,
                Direction::Input => field.rules.required,
            };
            if always {
                required.push(field.json_name.clone());
            }
        }
        let mut schema = Map::from_iter([
            ("type".to_owned(), json!("object")),
            ("properties".to_owned(), Value::Object(properties)),
        ]);
        if !message.comment.is_empty() {
            schema.insert("description".to_owned(), json!(message.comment));
        }
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        if direction == Direction::Input {
            schema.insert("additionalProperties".to_owned(), json!(false));
            if !message.oneofs.is_empty() {
                schema.insert("maxProperties".to_owned(), json!(one_of_limit(message)));
            }
        }
        Value::Object(schema)
    }

    /// A field with its rules and its comment.
    pub fn field(&mut self, field: &Field, direction: Direction) -> Value {
        let mut schema = match field.label {
            Label::Single => self.value(field.kind, &field.rules, direction),
            Label::Repeated => {
                let items = match &field.rules.value {
                    ValueRules::Repeated(rules) => self.value(field.kind, &rules.items, direction),
                    _ => self.value(field.kind, &Rules::default(), direction),
                };
                let mut array = json!({"type": "array", "items": items});
                if let (ValueRules::Repeated(rules), Direction::Input) = (&field.rules.value, direction) {
                    repeated_limits(&mut array, rules);
                }
                array
            }
            Label::Map => self.map(field, direction),
        };
        if let Some(object) = schema.as_object_mut() {
            if !field.comment.is_empty() {
                object.insert("description".to_owned(), json!(field.comment));
            }
            if field.output_only {
                object.insert("readOnly".to_owned(), json!(true));
            }
        }
        schema
    }

    fn map(&mut self, field: &Field, direction: Direction) -> Value {
        let value = field.message().and_then(|entry| self.contract.message(entry).fields.get(1));
        let values = value.map_or_else(|| json!({}), |value| self.value(value.kind, &Rules::default(), direction));
        let mut schema = json!({"type": "object", "additionalProperties": values});
        if let (ValueRules::Map(rules), Direction::Input) = (&field.rules.value, direction) {
            if let Some(most) = rules.max_pairs {
                schema["maxProperties"] = json!(most);
            }
            if let ValueRules::Text(keys) = &rules.keys.value {
                schema["propertyNames"] = text_schema(keys, false, direction);
            }
        }
        schema
    }

    fn value(&mut self, kind: Kind, rules: &Rules, direction: Direction) -> Value {
        match kind {
            Kind::String => match &rules.value {
                ValueRules::Text(text) => text_schema(text, rules.ignore_zero, direction),
                _ => json!({"type": "string"}),
            },
            Kind::Bool => json!({"type": "boolean"}),
            Kind::Bytes => json!({"type": "string", "contentEncoding": "base64"}),
            Kind::Double | Kind::Float => {
                let mut schema = json!({"type": "number"});
                if let ValueRules::Double(limits) = &rules.value {
                    if let Some(least) = limits.gte {
                        schema["minimum"] = json!(least);
                    }
                    if let Some(most) = limits.lte {
                        schema["maximum"] = json!(most);
                    }
                }
                schema
            }
            Kind::Int64 | Kind::Uint64 | Kind::Sint64 | Kind::Fixed64 | Kind::Sfixed64 => {
                json!({"type": "string", "format": "int64", "pattern": "^-?[0-9]{1,19}$"})
            }
            Kind::Enum(id) => self.enumeration(id, rules, direction),
            Kind::Message(id) => self.reference(id, direction),
            _ => {
                let mut schema = json!({"type": "integer", "format": "int32"});
                if let ValueRules::Integer(limits) = &rules.value {
                    integer_limits(&mut schema, limits);
                }
                schema
            }
        }
    }

    fn enumeration(&self, id: EnumId, rules: &Rules, direction: Direction) -> Value {
        let refused: &[i32] = match (&rules.value, direction) {
            (ValueRules::Enum(EnumRules { none_of, .. }), Direction::Input) => none_of,
            _ => &[],
        };
        let values = self.contract.enumeration(id).values.iter().filter(|value| !refused.contains(&value.number));
        let names: Vec<&str> = values.map(|value| value.name.as_str()).collect();
        json!({"type": "string", "enum": names})
    }

    /// All schemas by name, the gateway's own among them.
    pub fn finish(mut self) -> Value {
        let text = || json!({"type": "string"});
        self.done.insert(
            "Problem".to_owned(),
            json!({
                "type": "object",
                "description": "Problem details (RFC 9457).",
                "required": ["type", "title", "status"],
                "properties": {
                    "type": text(),
                    "title": text(),
                    "status": {"type": "integer"},
                    "detail": text(),
                    "instance": {"type": "string", "description": "The id of the request, for asking about it."},
                    "reason": {"type": "string", "description": "A stable name for what went wrong."},
                    "traceId": text(),
                    "fieldViolations": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["field", "description"],
                            "properties": {"field": text(), "reason": text(), "description": text()},
                        },
                    },
                },
            }),
        );
        self.done.insert(
            "Deployment".to_owned(),
            json!({
                "type": "object",
                "required": ["version", "services"],
                "properties": {
                    "version": text(),
                    "services": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["name", "present"],
                            "properties": {
                                "name": text(),
                                "present": {"type": "boolean"},
                                "ready": {
                                    "type": "boolean",
                                    "description": "Whether it takes calls; `/health/ready` tells whether its database \
                                        answers.",
                                },
                            },
                        },
                    },
                },
            }),
        );
        Value::Object(self.done.into_iter().collect())
    }
}

/// At most one member of each oneof can be set.
fn one_of_limit(message: &platform::contract::Message) -> usize {
    let members: usize = message.oneofs.iter().map(|oneof| oneof.fields.len()).sum();
    message.fields.len() - members + message.oneofs.len()
}

fn text_schema(rules: &TextRules, empty_passes: bool, direction: Direction) -> Value {
    let mut schema = json!({"type": "string"});
    if direction == Direction::Output {
        return schema;
    }
    if let Some(least) = rules.min_len {
        schema["minLength"] = json!(least);
    }
    if let Some(most) = rules.max_len {
        schema["maxLength"] = json!(most);
    }
    if let Some(pattern) = &rules.pattern {
        schema["pattern"] = json!(pattern.as_str());
    }
    if rules.uuid {
        schema["format"] = json!("uuid");
    }
    if rules.email {
        schema["format"] = json!("email");
    }
    if !rules.one_of.is_empty() {
        schema["enum"] = json!(rules.one_of);
    }
    if empty_passes {
        return json!({"type": "string", "anyOf": [{"maxLength": 0}, schema]});
    }
    schema
}

fn integer_limits(schema: &mut Value, rules: &IntegerRules) {
    let number = |limit: i128| i64::try_from(limit).unwrap_or(i64::MAX);
    if let Some(least) = rules.gte {
        schema["minimum"] = json!(number(least));
    }
    if let Some(most) = rules.lte {
        schema["maximum"] = json!(number(most));
    }
}

fn repeated_limits(schema: &mut Value, rules: &RepeatedRules) {
    if let Some(least) = rules.min_items {
        schema["minItems"] = json!(least);
    }
    if let Some(most) = rules.max_items {
        schema["maxItems"] = json!(most);
    }
    if rules.unique {
        schema["uniqueItems"] = json!(true);
    }
}
