//! Path, query and body of a request → the wire bytes of its gRPC message. A field can come from one of them only.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use platform::contract::wire::{close, open, put_bytes, put_tag};
use platform::contract::{Body, Contract, Field, Kind, Label, Message, Segment, WellKnown};

use crate::fault::{
    BODY_NOT_EXPECTED, DUPLICATE_PARAMETER, Fault, JSON_INVALID, ONEOF_CONFLICT, PATH_CONFLICT, PATH_INVALID,
    TOO_MANY_PARAMETERS, UNKNOWN_PARAMETER,
};
use crate::json::scalar::{Refusal, put_bound, target};
use crate::json::{self, Bound};
use crate::routes::Route;

const MAX_PARAMETERS: usize = 1000;

/// Values of the path and the query, ready to be written.
pub struct Bindings<'r> {
    path: Vec<Bound<'r>>,
    query: Vec<(String, Vec<usize>, String)>,
}

impl<'r> Bindings<'r> {
    pub fn read(
        contract: &'static Contract,
        route: &'r Route,
        captures: &[&'r str],
        query: Option<&str>,
    ) -> Result<Bindings<'r>, Fault> {
        let mut path = Vec::with_capacity(captures.len());
        for (fields, raw) in variables(route).zip(captures) {
            let text = match raw.contains('%') {
                false => Cow::Borrowed(*raw),
                true => percent_decode_str(raw)
                    .decode_utf8()
                    .map_err(|_| Fault::at(json_path(contract, route.input, fields), &PATH_INVALID))?,
            };
            path.push(Bound { fields, text });
        }
        let mut bindings = Bindings { path, query: Vec::new() };
        if let Some(query) = query.filter(|query| !query.is_empty()) {
            bindings.read_query(contract, route, query)?;
        }
        Ok(bindings)
    }

    fn read_query(&mut self, contract: &'static Contract, route: &Route, query: &str) -> Result<(), Fault> {
        for (name, text) in form_urlencoded::parse(query.as_bytes()) {
            if self.query.len() == MAX_PARAMETERS {
                return Err(Fault::at("", &TOO_MANY_PARAMETERS));
            }
            // Broken UTF-8 decodes to this; a value that held it in good faith is not worth the doubt.
            let unknown = || Fault::at(name.chars().take(100).collect::<String>(), &UNKNOWN_PARAMETER);
            let fields = resolve(contract, route, &name).ok_or_else(unknown)?;
            let field = target(contract, route.input, &fields).ok_or_else(unknown)?;
            if field.label == Label::Single {
                if self.query.iter().any(|(_, earlier, _)| *earlier == fields) {
                    return Err(Fault::at(name.into_owned(), &DUPLICATE_PARAMETER));
                }
                if let Some(bound) = self.path.iter().find(|bound| *bound.fields == fields[..]) {
                    if bound.text != text {
                        return Err(Fault::at(name.into_owned(), &PATH_CONFLICT));
                    }
                    continue;
                }
                self.check_oneof(contract, route.input, &fields, &name)?;
            }
            self.query.push((name.into_owned(), fields, text.into_owned()));
        }
        Ok(())
    }

    /// Of a oneof, one member at most.
    fn check_oneof(&self, contract: &Contract, input: &Message, fields: &[usize], name: &str) -> Result<(), Fault> {
        let mut message = input;
        for (level, &index) in fields.iter().enumerate() {
            let field = &message.fields[index];
            if let Some(oneof) = field.oneof {
                let conflict = self.query.iter().any(|(_, other, _)| {
                    other.len() > level
                        && other[..level] == fields[..level]
                        && other[level] != index
                        && message.fields[other[level]].oneof == Some(oneof)
                });
                if conflict {
                    return Err(Fault::at(name, &ONEOF_CONFLICT).arg("fields", &message.oneofs[oneof].name));
                }
            }
            match field.message() {
                Some(id) => message = contract.message(id),
                None => break,
            }
        }
        Ok(())
    }

    /// Writes the request message: body, then query, then path.
    pub fn write(
        &self,
        contract: &'static Contract,
        route: &Route,
        body: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        match route.rule.body {
            Body::None if !body.is_empty() => Err(Fault::at("", &BODY_NOT_EXPECTED)),
            Body::None => self.write_bound(contract, route.input, out, None),
            Body::Whole => {
                let bound: Vec<&Bound<'_>> = self.path.iter().collect();
                // A method whose fields all stand in the path may be called without a body.
                let body = if body.is_empty() { b"{}" } else { body };
                json::read(contract, route.input, body, out, &bound, 0, None)?;
                self.write_query(contract, route.input, out)
            }
            Body::Field(index) => {
                if body.is_empty() {
                    return Err(Fault::at("", &JSON_INVALID).arg("line", &1).arg("column", &0));
                }
                self.write_resource(contract, route, index, body, out)
            }
        }
    }

    fn write_resource(
        &self,
        contract: &'static Contract,
        route: &Route,
        index: usize,
        body: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        let field = &route.input.fields[index];
        let Some(resource) = field.message().map(|id| contract.message(id)) else { return Ok(()) };
        let (inside, _): (Vec<&Bound<'_>>, Vec<&Bound<'_>>) =
            self.path.iter().partition(|bound| bound.fields[0] == index);
        let masked =
            route.input.update.filter(|update| self.query.iter().all(|(_, fields, _)| fields[0] != update.mask));
        let mut mask = masked.map(|_| Vec::new());
        put_tag(out, field.number, 2);
        let start = open(out);
        json::read(contract, resource, body, out, &inside, 1, mask.as_mut())?;
        close(out, start);
        if let (Some(mask), Some(update)) = (mask, masked) {
            write_mask(&mask, resource, &inside, &route.input.fields[update.mask], out);
        }
        self.write_bound(contract, route.input, out, Some(index))
    }

    fn write_query(&self, contract: &Contract, input: &Message, out: &mut Vec<u8>) -> Result<(), Fault> {
        let query: Vec<Bound<'_>> =
            self.query.iter().map(|(_, fields, text)| Bound { fields, text: Cow::Borrowed(text.as_str()) }).collect();
        let query: Vec<&Bound<'_>> = query.iter().collect();
        put_bound(out, contract, input, &query, 0)
            .map_err(|(position, refusal)| refused(self.query[position].0.clone(), &refusal))
    }

    /// Query and path, without what was written into the body's message.
    fn write_bound(
        &self,
        contract: &Contract,
        input: &Message,
        out: &mut Vec<u8>,
        written: Option<usize>,
    ) -> Result<(), Fault> {
        if !self.query.is_empty() {
            self.write_query(contract, input, out)?;
        }
        let path: Vec<&Bound<'_>> = self.path.iter().filter(|bound| Some(bound.fields[0]) != written).collect();
        put_bound(out, contract, input, &path, 0)
            .map_err(|(position, refusal)| refused(json_path(contract, input, path[position].fields), &refusal))
    }

    /// The fields beside the file in the first message of an upload.
    pub fn write_beside_file(&self, contract: &Contract, route: &Route, out: &mut Vec<u8>) -> Result<(), Fault> {
        self.write_bound(contract, route.input, out, None)
    }
}

fn refused(field: String, refusal: &Refusal) -> Fault {
    let fault = Fault::at(field, refusal.reason);
    match refusal.expected {
        Some(expected) => fault.arg("expected", &expected),
        None => fault,
    }
}

fn variables(route: &Route) -> impl Iterator<Item = &[usize]> {
    route.rule.segments.iter().filter_map(|segment| match segment {
        Segment::Variable(fields) => Some(fields.as_slice()),
        Segment::Literal(_) => None,
    })
}

/// A query parameter's field. What the body holds can't stand in the query as well.
fn resolve(contract: &Contract, route: &Route, name: &str) -> Option<Vec<usize>> {
    let mut fields = Vec::with_capacity(1);
    let mut message = route.input;
    let mut names = name.split('.').peekable();
    while let Some(name) = names.next() {
        let index = message.field_named(name)?;
        let field = &message.fields[index];
        fields.push(index);
        match (names.peek(), field.message()) {
            (None, _) => break,
            (Some(_), Some(id)) if field.label == Label::Single && contract.message(id).well_known == WellKnown::No => {
                message = contract.message(id);
            }
            _ => return None,
        }
    }
    let in_body = match route.rule.body {
        Body::None => false,
        Body::Whole => true,
        Body::Field(index) => fields[0] == index,
    };
    let field = target(contract, route.input, &fields)?;
    let textual = match field.kind {
        Kind::Message(id) => {
            field.label == Label::Single
                && matches!(contract.message(id).well_known, WellKnown::Timestamp | WellKnown::FieldMask)
        }
        _ => true,
    };
    (!in_body && textual && field.label != Label::Map).then_some(fields)
}

fn json_path(contract: &Contract, input: &Message, fields: &[usize]) -> String {
    let mut message = Some(input);
    let mut path = Vec::with_capacity(fields.len());
    for &index in fields {
        let Some(parent) = message else { break };
        path.push(parent.fields[index].json_name.as_str());
        message = parent.fields[index].message().map(|id| contract.message(id));
    }
    path.join(".")
}

/// The mask of an update whose caller left it out: the fields that the body holds and that can be changed.
fn write_mask(mask: &[String], resource: &Message, bound: &[&Bound<'_>], field: &Field, out: &mut Vec<u8>) {
    let changeable = |path: &&String| {
        let first = path.split('.').next().unwrap_or_default();
        let Some(index) = resource.field_named(first) else { return false };
        let found = &resource.fields[index];
        found.name != "etag" && !found.output_only && bound.iter().all(|value| value.fields.get(1) != Some(&index))
    };
    put_tag(out, field.number, 2);
    let start = open(out);
    for path in mask.iter().filter(changeable) {
        put_bytes(out, 1, path.as_bytes());
    }
    close(out, start);
}
