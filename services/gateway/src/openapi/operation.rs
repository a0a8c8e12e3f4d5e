//! Methods as operations: parameters from path and query, the body, the answers.

use contracts::options::Dialect;
use platform::contract::{Access, Body, Contract, HttpRule, Label, Method, Segment, Verb, WellKnown};
use serde_json::{Value, json};

use super::schema::{Direction, Schemas};
use crate::scim;

/// The path with its variables by their JSON names. Methods of one resource must agree on them: for OpenAPI two paths that
/// differ in the names of their variables alone are the same path twice.
pub fn path(contract: &Contract, method: &Method, rule: &HttpRule) -> String {
    let mut path = String::new();
    for segment in &rule.segments {
        path.push('/');
        match segment {
            Segment::Literal(text) => path.push_str(text),
            Segment::Variable(fields) => {
                path.push('{');
                path.push_str(variable(contract, method, fields).map_or("", |field| &field.json_name));
                path.push('}');
            }
        }
    }
    if let Some(verb) = &rule.custom_verb {
        path.push(':');
        path.push_str(verb);
    }
    path
}

/// The field that a path variable binds: `id` of `{customer.id}`.
fn variable<'c>(contract: &'c Contract, method: &Method, fields: &[usize]) -> Option<&'c platform::contract::Field> {
    let (last, parents) = fields.split_last()?;
    let mut message = contract.message(method.input);
    for index in parents {
        message = contract.message(message.fields.get(*index)?.message()?);
    }
    message.fields.get(*last)
}

pub fn describe(
    contract: &Contract,
    schemas: &mut Schemas<'_>,
    method: &Method,
    rule: &HttpRule,
    index: usize,
) -> Value {
    let number = if index == 0 { String::new() } else { format!("_{}", index + 1) };
    let mut operation = json!({
        "operationId": format!("{}_{}{number}", method.service_name, method.name),
        "tags": [method.service_name],
        "summary": summary(method),
        "parameters": parameters(contract, schemas, method, rule),
        "responses": responses(contract, schemas, method),
        "x-grpc-method": method.path,
    });
    if !method.comment.is_empty() {
        operation["description"] = json!(method.comment);
    }
    match method.access {
        Access::Public => operation["security"] = json!([]),
        Access::SignedIn => {}
        Access::Permission(permission) => operation["x-permission"] = json!(permission.as_str_name()),
    }
    if let Some(body) = body(contract, schemas, method, rule) {
        operation["requestBody"] = body;
    }
    operation
}

/// The first sentence of the comment, or the method's name in words.
fn summary(method: &Method) -> String {
    let sentence = method.comment.split(". ").next().unwrap_or_default().trim_end_matches('.').replace('\n', " ");
    if !sentence.is_empty() && sentence.chars().count() <= 120 {
        return sentence;
    }
    let mut words = String::new();
    for character in method.name.chars() {
        if character.is_uppercase() && !words.is_empty() {
            words.push(' ');
            words.push(character.to_ascii_lowercase());
        } else {
            words.push(character);
        }
    }
    words
}

/// Top-level fields of the request that neither the path nor the body binds.
fn query_fields(rule: &HttpRule, count: usize) -> Vec<usize> {
    let in_path = |index: &usize| rule.variables().any(|fields| fields == [*index]);
    let in_body = |index: &usize| match rule.body {
        Body::None => false,
        Body::Whole => true,
        Body::Field(field) => field == *index,
    };
    (0..count).filter(|index| !in_path(index) && !in_body(index)).collect()
}

fn parameters(contract: &Contract, schemas: &mut Schemas<'_>, method: &Method, rule: &HttpRule) -> Value {
    let mut parameters = Vec::new();
    for fields in rule.variables() {
        let Some(field) = variable(contract, method, fields) else { continue };
        let mut schema = schemas.field(field, Direction::Input);
        // A path can't hold an empty part.
        if let Some(alternatives) = schema.get("anyOf").and_then(Value::as_array) {
            schema = alternatives.last().cloned().unwrap_or_default();
        }
        if schema.get("minLength").is_none() && schema.get("format").is_none() {
            schema["minLength"] = json!(1);
        }
        if let Some(object) = schema.as_object_mut() {
            object.remove("readOnly");
        }
        parameters.push(json!({"name": field.json_name, "in": "path", "required": true, "schema": schema}));
    }
    let message = contract.message(method.input);
    for index in query_fields(rule, message.fields.len()) {
        let field = &message.fields[index];
        let plain = field.message().is_none_or(|id| contract.message(id).well_known != WellKnown::No);
        if !plain || field.label == Label::Map {
            continue;
        }
        let mut schema = schemas.field(field, Direction::Input);
        let description = schema.as_object_mut().and_then(|object| object.remove("description"));
        let mut parameter = json!({
            "name": field.json_name,
            "in": "query",
            "required": rule.verb == Verb::Get && field.rules.required,
            "schema": schema,
        });
        if let Some(description) = description {
            parameter["description"] = description;
        }
        if field.label == Label::Repeated {
            parameter["style"] = json!("form");
            parameter["explode"] = json!(true);
        }
        parameters.push(parameter);
    }
    parameters.push(json!({"$ref": "#/components/parameters/AcceptLanguage"}));
    if rule.verb != Verb::Get && method.replayed {
        parameters.push(json!({"$ref": "#/components/parameters/IdempotencyKey"}));
    }
    if method.dialect == Dialect::Scim && matches!(rule.verb, Verb::Put | Verb::Patch | Verb::Delete) {
        parameters.push(json!({"$ref": "#/components/parameters/IfMatch"}));
    }
    Value::Array(parameters)
}

fn body(contract: &Contract, schemas: &mut Schemas<'_>, method: &Method, rule: &HttpRule) -> Option<Value> {
    let (schema, required) = match rule.body {
        Body::None => return None,
        Body::Whole => {
            let bound: Vec<usize> =
                rule.variables().filter(|fields| fields.len() == 1).map(|fields| fields[0]).collect();
            (schemas.body(method.input, &bound), schemas.needs(method.input, &bound))
        }
        Body::Field(index) => {
            let field = contract.message(method.input).fields.get(index)?;
            let id = field.message()?;
            if contract.message(id).well_known == WellKnown::HttpBody {
                let file = json!({"schema": {"type": "string", "format": "binary"}});
                return Some(json!({"required": true, "content": {"application/octet-stream": file}}));
            }
            (schemas.reference(id, Direction::Input), true)
        }
    };
    let media_type = if method.dialect == Dialect::Scim { scim::MEDIA_TYPE } else { "application/json" };
    Some(json!({"required": required, "content": {media_type: {"schema": schema}}}))
}

fn responses(contract: &Contract, schemas: &mut Schemas<'_>, method: &Method) -> Value {
    if method.dialect == Dialect::Scim {
        return scim::described(method.http.first().map_or(Verb::Get, |rule| rule.verb));
    }
    let is_file = contract.message(method.output).well_known == WellKnown::HttpBody;
    let content = if is_file {
        json!({"*/*": {"schema": {"type": "string", "format": "binary"}}})
    } else {
        let schema = schemas.reference(method.output, Direction::Output);
        if method.server_streaming {
            // One JSON object a line, or one an event.
            let stream = json!({"schema": {"type": "string"}, "x-item-schema": schema});
            json!({"application/x-ndjson": stream.clone(), "text/event-stream": stream})
        } else {
            json!({"application/json": {"schema": schema}})
        }
    };
    json!({
        "200": {"description": "Done.", "content": content},
        "default": {"$ref": "#/components/responses/Problem"},
    })
}
