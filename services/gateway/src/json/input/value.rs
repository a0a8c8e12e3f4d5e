//! What fields hold: single values, lists, maps.

use std::collections::HashSet;
use std::fmt;

use platform::contract::wire::{close, open, put_tag};
use platform::contract::{Field, Kind, Label};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::object::MessageSeed;
use super::{Cx, Step, shorten};
use crate::fault::DUPLICATE_FIELD;
use crate::json::scalar::{self, Bound, Written};

/// The value of a field; tells whether there was one.
pub struct ValueSeed<'a, 'c, 'o, 'b> {
    pub cx: &'a mut Cx<'c, 'o>,
    pub field: &'c Field,
    pub bound: &'b [&'b Bound<'b>],
    pub level: usize,
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
                return Err(cx.refuse(&refusal));
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
        outcome.map(|()| true).map_err(|refusal| self.cx.refuse(&refusal))
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
