//! Objects that are messages: their keys, each once, and the values that the path binds into them.

use std::fmt;

use platform::contract::{Field, Message};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::value::ValueSeed;
use super::{Cx, MAX_DEPTH, Step, render, shorten};
use crate::fault::{DUPLICATE_FIELD, Fault, JSON_TOO_DEEP, ONEOF_CONFLICT, PATH_CONFLICT, PATH_INVALID, UNKNOWN_FIELD};
use crate::json::scalar::{self, Bound, Written};

pub struct MessageSeed<'a, 'c, 'o, 'b> {
    pub cx: &'a mut Cx<'c, 'o>,
    pub message: &'c Message,
    pub bound: &'b [&'b Bound<'b>],
    pub level: usize,
}

impl<'de> DeserializeSeed<'de> for MessageSeed<'_, '_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
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
                    let fault = Fault::at(render(&cx.path), &ONEOF_CONFLICT).arg("fields", &names);
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
