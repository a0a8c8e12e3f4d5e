//! A JSON body → wire bytes. serde_json reads the text; the visitors here write each value where it belongs as it comes,
//! and know at every moment where in the body they are, so a refusal names its place.

use std::collections::HashSet;
use std::fmt;

use platform::contract::wire::{close, open, put_tag};
use platform::contract::{Contract, Field, Kind, Label, Message, MessageId, WellKnown};
use platform::error::Reason;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::scalar::{self, Bound, Refusal, Written};
use crate::fault::{
    DUPLICATE_FIELD, Fault, JSON_INVALID, JSON_TOO_DEEP, ONEOF_CONFLICT, PATH_CONFLICT, PATH_INVALID, UNKNOWN_FIELD,
    WRONG_TYPE,
};

const MAX_DEPTH: usize = 32;

/// Reads a body as a message. `bound` values of the path, which start at `level`, are written into the message that they
/// belong to; a body that says otherwise is refused. With `mask`, the paths of the fields that the body holds are noted.
pub fn read<'c>(
    contract: &'c Contract,
    message: &'c Message,
    body: &[u8],
    out: &mut Vec<u8>,
    bound: &[&Bound<'_>],
    level: usize,
    mask: Option<&mut Vec<String>>,
) -> Result<(), Fault> {
    let mut cx = Cx { contract, out, path: Vec::new(), fault: None, noted: mask, prefix: String::new() };
    let mut json = serde_json::Deserializer::from_slice(body);
    let seed = MessageSeed { cx: &mut cx, message, bound, level };
    let outcome = seed.deserialize(&mut json).and_then(|()| json.end());
    match (outcome, cx.fault) {
        (Ok(()), None) => Ok(()),
        (_, Some(fault)) => Err(fault),
        (Err(error), None) => Err(Fault::at("", &JSON_INVALID).arg("line", error.line()).arg("column", error.column())),
    }
}

enum Step<'c> {
    Field(&'c str),
    Key(String),
    Index(usize),
}

struct Cx<'c, 'o> {
    contract: &'c Contract,
    out: &'o mut Vec<u8>,
    path: Vec<Step<'c>>,
    /// What the visitors refused; serde's error only unwinds.
    fault: Option<Fault>,
    noted: Option<&'o mut Vec<String>>,
    /// Of the mask paths that are noted.
    prefix: String,
}

impl<'c> Cx<'c, '_> {
    fn fail<E: Error>(&mut self, reason: &'static Reason) -> E {
        self.fault.get_or_insert(Fault::at(render(&self.path), reason));
        E::custom("refused")
    }

    fn refuse<E: Error>(&mut self, refusal: Refusal) -> E {
        let mut fault = Fault::at(render(&self.path), refusal.reason);
        if let Some(expected) = refusal.expected {
            fault = fault.arg("expected", expected);
        }
        self.fault.get_or_insert(fault);
        E::custom("refused")
    }

    fn wrong_type<E: Error>(&mut self, expected: &'static str) -> E {
        self.refuse(Refusal { reason: &WRONG_TYPE, expected: Some(expected) })
    }

    fn note(&mut self, name: &str) {
        if let Some(noted) = &mut self.noted {
            noted.push(format!("{}{name}", self.prefix));
        }
    }

    /// Runs with a longer mask prefix.
    fn below<T>(&mut self, name: &str, run: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.prefix.len();
        if self.noted.is_some() {
            self.prefix.push_str(name);
            self.prefix.push('.');
        }
        let outcome = run(self);
        self.prefix.truncate(length);
        outcome
    }

    /// Whether a mask names the parts of the field. Those of a union can't be changed one by one.
    fn parted(&self, field: &Field) -> bool {
        field.message().and_then(|id| self.plain_message(id)).is_some_and(|message| message.oneofs.is_empty())
    }

    fn plain_message(&self, id: MessageId) -> Option<&'c Message> {
        let message = self.contract.message(id);
        (message.well_known == WellKnown::No).then_some(message)
    }
}

fn render(path: &[Step<'_>]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Field(name) if text.is_empty() => text.push_str(name),
            Step::Field(name) => {
                text.push('.');
                text.push_str(name);
            }
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => {
                text.push('.');
                text.push_str(key);
            }
            Step::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

/// A key that nobody knows goes into the answer, but not at any length.
fn shorten(key: &str) -> String {
    key.chars().take(100).collect()
}

struct MessageSeed<'a, 'c, 'o, 'b> {
    cx: &'a mut Cx<'c, 'o>,
    message: &'c Message,
    bound: &'b [&'b Bound<'b>],
    level: usize,
}

impl<'de> DeserializeSeed<'de> for MessageSeed<'_, '_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

/// Everything but an object is a wrong type, in our words and with our path.
macro_rules! refuse_scalars {
    ($expected:literal) => {
        fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
            Err(self.cx.wrong_type($expected))
        }
        fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
            Err(self.cx.wrong_type($expected))
        }
        fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
            Err(self.cx.wrong_type($expected))
        }
        fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
            Err(self.cx.wrong_type($expected))
        }
        fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
            Err(self.cx.wrong_type($expected))
        }
    };
}

impl<'de> Visitor<'de> for MessageSeed<'_, '_, '_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    refuse_scalars!("object");

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Err(self.cx.wrong_type("object"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        Err(self.cx.wrong_type("object"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let MessageSeed { cx, message, bound, level } = self;
        if cx.path.len() > MAX_DEPTH {
            return Err(cx.fail(&JSON_TOO_DEEP));
        }
        let mut seen = 0u128;
        let mut chosen = 0u64;
        let mut nested = 0u128;
        while let Some(name) = map.next_key_seed(KeySeed { message })? {
            let index = match name {
                Ok(index) => index,
                Err(unknown) => {
                    cx.path.push(Step::Key(shorten(&unknown)));
                    return Err(cx.fail(&UNKNOWN_FIELD));
                }
            };
            let field = &message.fields[index];
            cx.path.push(Step::Field(&field.json_name));
            if seen & 1 << index != 0 {
                return Err(cx.fail(&DUPLICATE_FIELD));
            }
            seen |= 1 << index;
            let below: Vec<&Bound<'_>> = bound.iter().filter(|value| value.fields[level] == index).copied().collect();
            let start = cx.out.len();
            let present = map.next_value_seed(ValueSeed { cx, field, bound: &below, level })?;
            if let Some(oneof) = field.oneof.filter(|_| present) {
                if chosen & 1 << oneof != 0 {
                    let names =
                        message.oneofs[oneof].fields.iter().map(|&other| message.fields[other].json_name.as_str());
                    let names = names.collect::<Vec<_>>().join(", ");
                    let fault = Fault::at(render(&cx.path), &ONEOF_CONFLICT).arg("fields", names);
                    cx.fault.get_or_insert(fault);
                    return Err(A::Error::custom("refused"));
                }
                chosen |= 1 << oneof;
            }
            if present && !below.is_empty() {
                nested |= 1 << index;
                if let [only] = below.as_slice()
                    && only.fields.len() == level + 1
                {
                    same(cx, field, start, only)?;
                }
            }
            cx.path.pop();
        }
        let rest: Vec<&Bound<'_>> =
            bound.iter().filter(|value| nested & 1 << value.fields[level] == 0).copied().collect();
        if !rest.is_empty() {
            let contract = cx.contract;
            if let Err((position, _)) = scalar::put_bound(cx.out, contract, message, &rest, level) {
                let name = &message.fields[rest[position].fields[level]].json_name;
                cx.path.push(Step::Field(name));
                return Err(cx.fail(&PATH_INVALID));
            }
        }
        Ok(())
    }
}

/// Refuses a body whose value differs from the one that the path binds to the same field.
fn same<E: Error>(cx: &mut Cx<'_, '_>, field: &Field, start: usize, bound: &Bound<'_>) -> Result<(), E> {
    let mut expected = Vec::new();
    let fits = scalar::put(&mut expected, cx.contract, field.number, field.kind, Written::Plain(&bound.text)).is_ok();
    if fits && cx.out[start..] == expected[..] { Ok(()) } else { Err(cx.fail(&PATH_CONFLICT)) }
}

struct KeySeed<'c> {
    message: &'c Message,
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = Result<usize, String>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = Result<usize, String>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.message.field_named(name).ok_or_else(|| name.to_owned()))
    }
}

/// The value of a field; tells whether there was one.
struct ValueSeed<'a, 'c, 'o, 'b> {
    cx: &'a mut Cx<'c, 'o>,
    field: &'c Field,
    bound: &'b [&'b Bound<'b>],
    level: usize,
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_, '_, '_, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<bool, D::Error> {
        match self.field.label {
            Label::Single => {
                let ValueSeed { cx, field, bound, level } = self;
                let seed = |cx| SingleSeed {
                    cx,
                    number: field.number,
                    kind: field.kind,
                    packed: false,
                    name: &field.name,
                    bound,
                    level,
                };
                if cx.parted(field) {
                    return seed(cx).deserialize(json);
                }
                cx.note(&field.name);
                let noted = cx.noted.take();
                let present = seed(&mut *cx).deserialize(json)?;
                cx.noted = noted;
                Ok(present)
            }
            Label::Repeated => {
                self.cx.note(&self.field.name);
                json.deserialize_any(ListVisitor { cx: self.cx, field: self.field })
            }
            Label::Map => json.deserialize_any(EntriesVisitor { cx: self.cx, field: self.field }),
        }
    }
}

struct ListVisitor<'a, 'c, 'o> {
    cx: &'a mut Cx<'c, 'o>,
    field: &'c Field,
}

impl<'de> Visitor<'de> for ListVisitor<'_, '_, '_> {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array")
    }

    refuse_scalars!("array");

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<bool, A::Error> {
        Err(self.cx.wrong_type("array"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<bool, A::Error> {
        let ListVisitor { cx, field } = self;
        let packed = field.kind.packable();
        let before = cx.out.len();
        let start = packed.then(|| {
            put_tag(cx.out, field.number, 2);
            open(cx.out)
        });
        // Paths of a mask end at a list.
        let noted = cx.noted.take();
        let mut count = 0;
        loop {
            cx.path.push(Step::Index(count));
            let (number, kind) = (field.number, field.kind);
            let seed = SingleSeed { cx, number, kind, packed, name: &field.name, bound: &[], level: 0 };
            match list.next_element_seed(seed)? {
                None => break,
                Some(true) => {}
                Some(false) => {
                    let expected = scalar::expected(cx.contract, field.kind);
                    return Err(cx.wrong_type(expected));
                }
            }
            cx.path.pop();
            count += 1;
        }
        cx.path.pop();
        cx.noted = noted;
        match start {
            Some(_) if count == 0 => cx.out.truncate(before),
            Some(start) => close(cx.out, start),
            None => {}
        }
        Ok(count > 0)
    }
}

struct EntriesVisitor<'a, 'c, 'o> {
    cx: &'a mut Cx<'c, 'o>,
    field: &'c Field,
}

impl<'de> Visitor<'de> for EntriesVisitor<'_, '_, '_> {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    refuse_scalars!("object");

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<bool, A::Error> {
        Err(self.cx.wrong_type("object"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let EntriesVisitor { cx, field } = self;
        let Some(entry) = field.message().map(|id| cx.contract.message(id)) else { return Ok(false) };
        let (key_kind, value_kind) = (entry.fields[0].kind, entry.fields[1].kind);
        let mut keys = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            cx.path.push(Step::Key(shorten(&key)));
            cx.note(&format!("{}.{key}", field.name));
            let before = cx.out.len();
            put_tag(cx.out, field.number, 2);
            let start = open(cx.out);
            if let Err(refusal) = scalar::put(cx.out, cx.contract, 1, key_kind, Written::Plain(&key)) {
                return Err(cx.refuse(refusal));
            }
            let noted = cx.noted.take();
            let seed =
                SingleSeed { cx, number: 2, kind: value_kind, packed: false, name: &field.name, bound: &[], level: 0 };
            let present = map.next_value_seed(seed)?;
            cx.noted = noted;
            // A null takes the entry away: it is named in the mask and not in the message.
            if present {
                close(cx.out, start);
            } else {
                cx.out.truncate(before);
            }
            if !keys.insert(key) {
                return Err(cx.fail(&DUPLICATE_FIELD));
            }
            cx.path.pop();
        }
        Ok(!keys.is_empty())
    }
}

/// One value: of a single field, of a list's element, of a map's entry.
struct SingleSeed<'a, 'c, 'o, 'b> {
    cx: &'a mut Cx<'c, 'o>,
    number: u32,
    kind: Kind,
    packed: bool,
    name: &'c str,
    bound: &'b [&'b Bound<'b>],
    level: usize,
}

impl SingleSeed<'_, '_, '_, '_> {
    fn scalar<E: Error>(self, value: Written<'_>) -> Result<bool, E> {
        let (out, contract) = (&mut *self.cx.out, self.cx.contract);
        let outcome = match self.packed {
            true => scalar::put_value(out, contract, self.kind, value),
            false => scalar::put(out, contract, self.number, self.kind, value),
        };
        outcome.map(|()| true).map_err(|refusal| self.cx.refuse(refusal))
    }

    fn structured<E: Error>(self) -> E {
        let expected = scalar::expected(self.cx.contract, self.kind);
        self.cx.wrong_type(expected)
    }
}

impl<'de> DeserializeSeed<'de> for SingleSeed<'_, '_, '_, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<bool, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for SingleSeed<'_, '_, '_, '_> {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<bool, E> {
        self.scalar(Written::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<bool, E> {
        self.scalar(Written::Signed(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<bool, E> {
        self.scalar(Written::Unsigned(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<bool, E> {
        self.scalar(Written::Double(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<bool, E> {
        self.scalar(Written::Text(value))
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        if let Kind::Message(id) = self.kind
            && self.cx.plain_message(id).is_some()
        {
            self.cx.note(self.name);
        }
        Ok(false)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<bool, A::Error> {
        Err(self.structured())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<bool, A::Error> {
        let message = match self.kind {
            Kind::Message(id) => self.cx.plain_message(id),
            _ => None,
        };
        let Some(message) = message else { return Err(self.structured()) };
        let SingleSeed { cx, number, name, bound, level, .. } = self;
        put_tag(cx.out, number, 2);
        let start = open(cx.out);
        let named = cx.noted.as_ref().map(|noted| noted.len());
        cx.below(name, |cx| MessageSeed { cx, message, bound, level: level + 1 }.visit_map(map))?;
        if named.is_some() && named == cx.noted.as_ref().map(|noted| noted.len()) {
            cx.note(name);
        }
        close(cx.out, start);
        Ok(true)
    }
}
