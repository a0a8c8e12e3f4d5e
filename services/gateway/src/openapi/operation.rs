//! One operation of the document: a route with its parameters, body and answers.

use contracts::options::SessionEffect;
use platform::contract::{Access, Body, Contract, Field, HttpRule, Label, Message, Method, Segment, Verb, WellKnown};
use serde_json::{Map, Value, json};

use super::common::problem_responses;
use super::schema::{Role, Schemas};
use crate::stream::{EVENTS, LINES};

/// The route with the fields' JSON names: `/v1/customers/{customerId}/contacts`.
pub fn path(contract: &Contract, method: &Method, rule: &HttpRule) -> String {
    let mut path = String::new();
    for segment in &rule.segments {
        path.push('/');
        match segment {
            Segment::Literal(text) => path.push_str(text),
            Segment::Variable(fields) => {
                path.push_str(&format!("{{{}}}", variable(contract, contract.message(method.input), fields).0));
            }
        }
    }
    if let Some(verb) = &rule.custom_verb {
        path.push(':');
        path.push_str(verb);
    }
    path
}

/// Name and field of a path variable; `customer.id` is called `id`, as it is in the body.
fn variable<'c>(contract: &'c Contract, input: &'c Message, fields: &[usize]) -> (&'c str, &'c Field) {
    let mut message = input;
    let mut field = &message.fields[fields[0]];
    for &index in &fields[1..] {
        if let Some(id) = field.message() {
            message = contract.message(id);
            field = &message.fields[index];
        }
    }
    (&field.json_name, field)
}

pub fn describe(
    contract: &Contract,
    schemas: &mut Schemas<'_>,
    method: &Method,
    rule: &HttpRule,
    position: usize,
) -> Value {
    let input = contract.message(method.input);
    let suffix = if position == 0 { String::new() } else { format!("_{}", position + 1) };
    let public = method.access == Access::Public;
    let mut operation = json!({
        "operationId": format!("{}_{}{suffix}", method.service_name, method.name),
        "tags": [method.service_name],
        "summary": summary(method),
        "x-service": method.service,
    });
    if !method.comment.is_empty() {
        operation["description"] = method.comment.replace('\n', " ").into();
    }
    match method.access {
        Access::Public => operation["security"] = json!([]),
        Access::SignedIn => {}
        Access::Permission(permission) => operation["x-permission"] = permission.as_str_name().into(),
    }
    operation["parameters"] = parameters(contract, schemas, method, rule).into();
    if let Some(body) = body(contract, schemas, input, rule) {
        operation["requestBody"] = body;
    }
    let mut responses = Map::new();
    responses.insert("200".to_owned(), answer(contract, schemas, method));
    responses.extend(problem_responses(public));
    operation["responses"] = responses.into();
    operation
}

/// The comment's first sentence, or the name in words.
fn summary(method: &Method) -> String {
    let comment = method.comment.replace('\n', " ");
    match comment.split_once(". ") {
        Some((first, _)) => format!("{first}."),
        None if !comment.is_empty() => comment,
        None => {
            let mut words = String::new();
            for (index, character) in method.name.char_indices() {
                match character.is_ascii_uppercase() && index > 0 {
                    true => words.push_str(&format!(" {}", character.to_ascii_lowercase())),
                    false => words.push(character),
                }
            }
            words
        }
    }
}

fn parameters(contract: &Contract, schemas: &mut Schemas<'_>, method: &Method, rule: &HttpRule) -> Vec<Value> {
    let input = contract.message(method.input);
    let mut parameters = Vec::new();
    for fields in rule.variables() {
        let (name, field) = variable(contract, input, fields);
        let mut schema = schemas.value(field, Role::Input);
        if schema.get("minLength").is_none() && schema["type"] == "string" {
            schema["minLength"] = 1.into();
        }
        parameters.push(parameter(name, "path", true, field, schema));
    }
    if rule.body != Body::Whole {
        for (index, field) in input.fields.iter().enumerate() {
            let bound = rule.variables().any(|fields| fields[0] == index);
            if bound || rule.body == Body::Field(index) || !fits_query(contract, field) {
                continue;
            }
            let required = input.needed().contains(&index);
            let schema = schemas.field(field, Role::Input);
            parameters.push(parameter(&field.json_name, "query", required, field, schema));
        }
    }
    parameters.push(json!({ "$ref": "#/components/parameters/AcceptLanguage" }));
    if !matches!(rule.verb, Verb::Get) {
        parameters.push(json!({ "$ref": "#/components/parameters/IdempotencyKey" }));
    }
    if matches!(method.session_effect, SessionEffect::Start | SessionEffect::Refresh) {
        parameters.push(json!({ "$ref": "#/components/parameters/SessionMode" }));
    }
    parameters
}

fn fits_query(contract: &Contract, field: &Field) -> bool {
    let textual = field
        .message()
        .is_none_or(|id| matches!(contract.message(id).well_known, WellKnown::Timestamp | WellKnown::FieldMask));
    textual && field.label != Label::Map
}

fn parameter(name: &str, place: &str, required: bool, field: &Field, mut schema: Value) -> Value {
    let mut parameter = json!({ "name": name, "in": place, "required": required });
    // Said once, at the parameter.
    if let Some(object) = schema.as_object_mut() {
        object.remove("description");
        object.remove("readOnly");
    }
    if !field.comment.is_empty() {
        parameter["description"] = field.comment.replace('\n', " ").into();
    }
    parameter["schema"] = schema;
    parameter
}

fn body(contract: &Contract, schemas: &mut Schemas<'_>, input: &Message, rule: &HttpRule) -> Option<Value> {
    let (schema, required) = match rule.body {
        Body::None => return None,
        Body::Whole => {
            let bound: Vec<usize> =
                rule.variables().filter(|fields| fields.len() == 1).map(|fields| fields[0]).collect();
            let needed = input.needed().iter().any(|index| !bound.contains(index));
            (schemas.request(input, &bound), needed)
        }
        Body::Field(index) => {
            let message = contract.message(input.fields[index].message()?);
            if message.well_known == WellKnown::HttpBody {
                let file = json!({ "schema": { "type": "string", "format": "binary" } });
                return Some(json!({
                    "required": true,
                    "description": "The file itself. Other content types are taken as well.",
                    "content": { "application/octet-stream": file },
                }));
            }
            let role = if rule.verb == Verb::Patch { Role::Patch } else { Role::Input };
            (schemas.reference(message, role), true)
        }
    };
    Some(json!({ "required": required, "content": { "application/json": { "schema": schema } } }))
}

fn answer(contract: &Contract, schemas: &mut Schemas<'_>, method: &Method) -> Value {
    let output = contract.message(method.output);
    if output.well_known == WellKnown::HttpBody {
        return json!({
            "description": "The file.",
            "headers": { "Content-Disposition": { "schema": { "type": "string" } } },
            "content": { "*/*": { "schema": { "type": "string", "format": "binary" } } },
        });
    }
    let schema = schemas.reference(output, Role::Output);
    if !method.server_streaming {
        return json!({ "description": "OK", "content": { "application/json": { "schema": schema } } });
    }
    json!({
        "description": "A stream: server-sent events for callers that accept them (`event: end` is the last one, or \
            `event: problem`), otherwise JSON lines.",
        "content": {
            LINES: { "schema": { "type": "string" }, "x-item-schema": schema },
            EVENTS: { "schema": { "type": "string" }, "x-item-schema": schema },
        },
    })
}
