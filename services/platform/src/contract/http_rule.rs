//! `google.api.http` rules: the route templates of a method, resolved against its request message.

use contracts::google::api::{HttpRule as Source, http_rule::Pattern};

use super::table::{Body, HttpRule, Kind, Label, Message, MessageId, Segment, Verb};

/// The rule and its additional bindings.
pub fn read(source: &Source, input: MessageId, messages: &[Message]) -> Result<Vec<HttpRule>, String> {
    let mut rules = vec![one(source, input, messages)?];
    for additional in &source.additional_bindings {
        if !additional.additional_bindings.is_empty() {
            return Err("additional bindings can't be nested".into());
        }
        rules.push(one(additional, input, messages)?);
    }
    Ok(rules)
}

fn one(source: &Source, input: MessageId, messages: &[Message]) -> Result<HttpRule, String> {
    let (verb, template) = match &source.pattern {
        Some(Pattern::Get(path)) => (Verb::Get, path),
        Some(Pattern::Put(path)) => (Verb::Put, path),
        Some(Pattern::Post(path)) => (Verb::Post, path),
        Some(Pattern::Delete(path)) => (Verb::Delete, path),
        Some(Pattern::Patch(path)) => (Verb::Patch, path),
        Some(Pattern::Custom(_)) | None => return Err("the HTTP rule has no method".into()),
    };
    if !source.response_body.is_empty() {
        return Err("`response_body` is not supported".into());
    }
    let (segments, custom_verb) = segments(template, input, messages)?;
    let body = match source.body.as_str() {
        "" => Body::None,
        "*" => Body::Whole,
        name => {
            let message = &messages[input.0 as usize];
            let index = message.field_named(name).ok_or_else(|| format!("no field `{name}` for the body"))?;
            if message.fields[index].message().is_none() || message.fields[index].label != Label::Single {
                return Err(format!("the body field `{name}` is no single message"));
            }
            Body::Field(index)
        }
    };
    if body != Body::None && matches!(verb, Verb::Get | Verb::Delete) {
        return Err(format!("{} {template} has a body", verb.as_str()));
    }
    Ok(HttpRule { verb, template: template.clone(), segments, custom_verb, body })
}

fn segments(template: &str, input: MessageId, messages: &[Message]) -> Result<(Vec<Segment>, Option<String>), String> {
    let path = template.strip_prefix('/').ok_or_else(|| format!("`{template}` does not start with a slash"))?;
    let mut segments = Vec::new();
    let mut custom_verb = None;
    for (position, text) in path.split('/').enumerate() {
        if custom_verb.is_some() {
            return Err(format!("`{template}` goes on behind its verb"));
        }
        let Some(inside) = text.strip_prefix('{') else {
            if text.is_empty() || text.contains(['{', '}', '*', '=']) {
                return Err(format!("segment {position} of `{template}` is not supported"));
            }
            segments.push(Segment::Literal(text.to_owned()));
            continue;
        };
        let (name, behind) = inside.split_once('}').ok_or_else(|| format!("`{template}` has an open brace"))?;
        match behind.strip_prefix(':') {
            Some(verb) if !verb.is_empty() => custom_verb = Some(verb.to_owned()),
            None if behind.is_empty() => {}
            _ => return Err(format!("segment {position} of `{template}` is not supported")),
        }
        segments.push(Segment::Variable(resolve(name, input, messages)?));
    }
    Ok((segments, custom_verb))
}

fn resolve(path: &str, input: MessageId, messages: &[Message]) -> Result<Vec<usize>, String> {
    let mut fields = Vec::new();
    let mut message = Some(&messages[input.0 as usize]);
    for name in path.split('.') {
        let parent = message.ok_or_else(|| format!("`{path}` leads through a field that is no message"))?;
        let index = parent.field_named(name).ok_or_else(|| format!("no field `{path}` for the path"))?;
        let field = &parent.fields[index];
        if field.label != Label::Single {
            return Err(format!("`{path}` is no single field"));
        }
        message = field.message().map(|id| &messages[id.0 as usize]);
        if message.is_none() && matches!(field.kind, Kind::Bytes | Kind::Double | Kind::Float) {
            return Err(format!("`{path}` can't stand in a path"));
        }
        fields.push(index);
    }
    if message.is_some() {
        return Err(format!("`{path}` is a message"));
    }
    Ok(fields)
}
