//! The least that a contract accepts as a request: what is required, of records that don't exist.

use anyhow::{Result, bail};
use changke::testkit::{Answer, Session};
use platform::contract::rules::{Rules, TextRules, ValueRules};
use platform::contract::{Body, Contract, Field, HttpRule, Kind, Label, MessageId, Method, Segment, WellKnown};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::support;

/// Texts of which one fits any pattern of the contracts.
const SAMPLES: [&str; 6] = ["matrix", "Matrix-1", "2026-01-01", "1", "#aabbcc", "https://matrix.example.com"];

pub async fn send(caller: &Session, method: &Method, rule: &HttpRule) -> Result<Answer> {
    send_about(caller, method, rule, None).await
}

/// A record that a request is to be about: its id in the path, its etag wherever one is asked for.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    pub id: &'a str,
    pub etag: &'a str,
    /// What every other field that is an id names.
    pub named: Option<&'a str>,
}

/// Whether the path names a record by its id.
pub fn names_a_record(rule: &HttpRule) -> bool {
    rule.variables().next().is_some()
}

pub async fn send_about(
    caller: &Session,
    method: &Method,
    rule: &HttpRule,
    target: Option<Target<'_>>,
) -> Result<Answer> {
    support::answer(request(caller, method, rule, target)?).await
}

pub fn request(
    caller: &Session,
    method: &Method,
    rule: &HttpRule,
    target: Option<Target<'_>>,
) -> Result<reqwest::RequestBuilder> {
    let contract = Contract::get();
    let input = contract.message(method.input);
    let mut request = caller.request(rule.verb.as_str().parse()?, &path(contract, method, rule, target)?)?;
    if method.server_streaming && contract.message(method.output).well_known != WellKnown::HttpBody {
        // Some of them never end by themselves.
        request = request.header("prefer", "wait=3");
    }
    match rule.body {
        Body::Field(index) => match input.fields[index].message() {
            Some(id) if contract.message(id).well_known == WellKnown::HttpBody => {
                request = request.header("content-type", "text/csv").body("name\nmatrix\n");
            }
            Some(id) => {
                let body = with_names(contract, id, least(contract, id, &[])?, target);
                request = request.json(&with_etag(contract, id, body, target));
            }
            None => bail!("{}: the body is no message", rule.template),
        },
        Body::Whole => {
            let bound: Vec<usize> = rule.variables().filter_map(|fields| fields.first().copied()).collect();
            let mut body = with_names(contract, method.input, least(contract, method.input, &bound)?, target);
            for index in bound {
                body.as_object_mut().map(|body| body.remove(&input.fields[index].json_name));
            }
            request = request.json(&with_etag(contract, method.input, body, target));
        }
        Body::None => {
            for (index, field) in input.fields.iter().enumerate() {
                let bound = rule.variables().any(|fields| fields == [index]);
                if let (Some(target), "etag") = (target, field.name.as_str()) {
                    request = request.query(&[("etag", target.etag)]);
                } else if let (false, true, Some(named)) = (bound, is_id(field), target.and_then(|target| target.named))
                {
                    request = request.query(&[(field.json_name.as_str(), named)]);
                } else if let (false, Some(value)) = (bound, needed(contract, field)?) {
                    let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
                    request = request.query(&[(field.json_name.as_str(), text)]);
                }
            }
        }
    }
    Ok(request)
}

/// One id or several.
fn is_id(field: &Field) -> bool {
    match &field.rules.value {
        ValueRules::Text(rules) => rules.uuid,
        ValueRules::Repeated(rules) => matches!(&rules.items.value, ValueRules::Text(items) if items.uuid),
        _ => false,
    }
}

/// The body with every id in it that it may hold, in the messages below as well.
fn with_names(contract: &Contract, message: MessageId, mut body: Value, target: Option<Target<'_>>) -> Value {
    let Some(named) = target.and_then(|target| target.named) else { return body };
    for field in contract.message(message).fields.iter().filter(|field| !field.output_only) {
        let name = &field.json_name;
        match (field.label, field.message()) {
            (Label::Single, None) if is_id(field) => body[name] = named.into(),
            (Label::Repeated, None) if is_id(field) => body[name] = json!([named]),
            (Label::Single, Some(below)) if body.get(name).is_some_and(Value::is_object) => {
                body[name] = with_names(contract, below, body[name].take(), target);
            }
            _ => {}
        }
    }
    body
}

/// Whether the operation takes ids elsewhere than in its path.
pub fn names_others(method: &Method, rule: &HttpRule) -> bool {
    let contract = Contract::get();
    let input = contract.message(method.input);
    let bound = |index: usize| rule.variables().any(|fields| fields == [index]);
    let within = |id: MessageId| contract.message(id).fields.iter().any(|field| is_id(field) && !field.output_only);
    input.fields.iter().enumerate().any(|(index, field)| {
        !bound(index) && (is_id(field) || field.label == Label::Single && field.message().is_some_and(within))
    })
}

fn with_etag(contract: &Contract, message: MessageId, mut body: Value, target: Option<Target<'_>>) -> Value {
    if let (Some(target), Some(_)) = (target, contract.message(message).field_named("etag")) {
        body["etag"] = target.etag.into();
    }
    body
}

fn path(contract: &Contract, method: &Method, rule: &HttpRule, target: Option<Target<'_>>) -> Result<String> {
    let mut path = String::new();
    for segment in &rule.segments {
        path.push('/');
        match segment {
            Segment::Literal(text) => path.push_str(text),
            Segment::Variable(fields) => {
                let mut message = method.input;
                for (depth, index) in fields.iter().enumerate() {
                    let field = &contract.message(message).fields[*index];
                    match field.message() {
                        Some(below) if depth + 1 < fields.len() => message = below,
                        _ => path.push_str(&identifier(field, target)?),
                    }
                }
            }
        }
    }
    if let Some(verb) = &rule.custom_verb {
        path.push(':');
        path.push_str(verb);
    }
    Ok(path)
}

fn identifier(field: &Field, target: Option<Target<'_>>) -> Result<String> {
    match &field.rules.value {
        ValueRules::Text(rules) if !rules.uuid => text(rules),
        _ => Ok(target.map_or_else(|| Uuid::now_v7().to_string(), |target| target.id.to_owned())),
    }
}

fn least(contract: &Contract, message: MessageId, bound: &[usize]) -> Result<Value> {
    let mut object = Map::new();
    for (index, field) in contract.message(message).fields.iter().enumerate() {
        if bound.contains(&index) || field.output_only {
            continue;
        }
        if let Some(value) = needed(contract, field)? {
            object.insert(field.json_name.clone(), value);
        }
    }
    Ok(Value::Object(object))
}

/// A value for a field that may not be left out.
fn needed(contract: &Contract, field: &Field) -> Result<Option<Value>> {
    let Rules { required, ignore_zero, value } = &field.rules;
    if *ignore_zero && !required {
        return Ok(None);
    }
    if let (Some(id), Label::Single) = (field.message(), field.label) {
        return Ok(match (required, contract.message(id).well_known) {
            (false, _) => None,
            (true, WellKnown::Timestamp) => Some(json!("2026-01-01T00:00:00Z")),
            (true, _) => Some(least(contract, id, &[])?),
        });
    }
    Ok(match value {
        ValueRules::Text(rules) if *required || !passes(rules, "") => Some(json!(text(rules)?)),
        ValueRules::Enum(rules) if rules.none_of.contains(&0) => {
            let Kind::Enum(id) = field.kind else { bail!("{}: rules of an enum", field.name) };
            let values = &contract.enumeration(id).values;
            values.iter().find(|value| !rules.none_of.contains(&value.number)).map(|value| json!(value.name))
        }
        ValueRules::Integer(rules) if rules.gte.is_some_and(|least| least > 0) => {
            rules.gte.map(|least| json!(least as i64))
        }
        ValueRules::Repeated(rules) if rules.min_items.is_some_and(|least| least > 0) => {
            match (field.message(), &rules.items.value) {
                (Some(id), _) => Some(json!([least(contract, id, &[])?])),
                (None, ValueRules::Text(items)) => Some(json!([text(items)?])),
                _ => bail!("{}: no rule for its items", field.name),
            }
        }
        _ if *required => bail!("{}: required, of a kind not thought of", field.name),
        _ => None,
    })
}

fn passes(rules: &TextRules, text: &str) -> bool {
    let length = text.chars().count() as u64;
    rules.min_len.is_none_or(|least| length >= least)
        && rules.max_len.is_none_or(|most| length <= most)
        && rules.pattern.as_ref().is_none_or(|pattern| pattern.is_match(text))
        && (rules.one_of.is_empty() || rules.one_of.iter().any(|one| one == text))
        && !rules.none_of.iter().any(|none| none == text)
        && (!rules.uuid || text.parse::<Uuid>().is_ok())
        && (!rules.email || text.contains('@'))
}

fn text(rules: &TextRules) -> Result<String> {
    let own = [Uuid::now_v7().to_string(), "matrix@example.com".to_owned()];
    let samples = SAMPLES.iter().map(ToString::to_string).chain(own).chain(rules.one_of.iter().cloned());
    match samples.into_iter().find(|sample| passes(rules, sample)) {
        Some(sample) => Ok(sample),
        None => bail!("no sample fits {rules:?}"),
    }
}
