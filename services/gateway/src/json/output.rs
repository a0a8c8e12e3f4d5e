//! Wire bytes of an answer → JSON, straight into a buffer. Fields without presence are always written, so a caller
//! never has to tell "empty" from "left out"; unset messages and members of a oneof are left out.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use platform::contract::wire::{Malformed, Reader, Value, unzigzag};
use platform::contract::{Contract, Field, Kind, Label, Message, WellKnown};

use super::{dynamic, time};

const MAX_DEPTH: usize = 64;

pub fn write(contract: &Contract, message: &Message, wire: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    Writer { contract, out }.message(message, wire, 0)
}

struct Writer<'c, 'o> {
    contract: &'c Contract,
    out: &'o mut Vec<u8>,
}

impl Writer<'_, '_> {
    fn message(&mut self, message: &Message, wire: &[u8], depth: usize) -> Result<(), Malformed> {
        if depth > MAX_DEPTH {
            return Err(Malformed);
        }
        match message.well_known {
            WellKnown::Timestamp => {
                let (seconds, nanos) = time::read(wire)?;
                self.out.push(b'"');
                time::format(self.out, seconds, nanos);
                self.out.push(b'"');
                Ok(())
            }
            WellKnown::FieldMask => self.field_mask(wire),
            WellKnown::HttpBody => Err(Malformed),
            WellKnown::Struct => dynamic::write_struct(wire, self.out, depth),
            WellKnown::Value => dynamic::write_value(wire, self.out, depth),
            WellKnown::List => dynamic::write_list(wire, self.out, depth),
            WellKnown::No => {
                let start = self.out.len();
                if !self.ordered(message, wire, depth)? {
                    self.out.truncate(start);
                    self.unordered(message, wire, depth)?;
                }
                Ok(())
            }
        }
    }

    /// Writes a message whose fields stand in the order of their numbers, as every encoder writes them; gives up when
    /// they don't.
    fn ordered(&mut self, message: &Message, wire: &[u8], depth: usize) -> Result<bool, Malformed> {
        self.out.push(b'{');
        let mut next = 0;
        let mut reader = Reader::new(wire);
        let mut ahead = reader.field().transpose()?;
        while let Some((number, value)) = ahead {
            let Some(index) = message.field_index(number) else {
                ahead = reader.field().transpose()?;
                continue;
            };
            if index < next {
                return Ok(false);
            }
            for field in &message.fields[next..index] {
                self.default(field);
            }
            next = index + 1;
            let field = &message.fields[index];
            self.key(field);
            match field.label {
                Label::Single => {
                    self.value(field.kind, value, depth)?;
                    ahead = reader.field().transpose()?;
                }
                Label::Repeated => {
                    self.out.push(b'[');
                    let mut value = Some(value);
                    while let Some(element) = value {
                        self.elements(field, element, depth)?;
                        ahead = reader.field().transpose()?;
                        value = ahead.filter(|(found, _)| *found == number).map(|(_, value)| value);
                    }
                    self.end(b']');
                }
                Label::Map => {
                    let mut entries = vec![value];
                    loop {
                        ahead = reader.field().transpose()?;
                        match ahead {
                            Some((found, value)) if found == number => entries.push(value),
                            _ => break,
                        }
                    }
                    self.map(field, entries, depth)?;
                }
            }
            self.out.push(b',');
        }
        for field in &message.fields[next..] {
            self.default(field);
        }
        self.end(b'}');
        Ok(true)
    }

    /// Fields in any order: collected first. The last value of a single field counts.
    fn unordered(&mut self, message: &Message, wire: &[u8], depth: usize) -> Result<(), Malformed> {
        let mut found: Vec<Vec<Value<'_>>> = vec![Vec::new(); message.fields.len()];
        let mut reader = Reader::new(wire);
        while let Some((number, value)) = reader.field().transpose()? {
            if let Some(index) = message.field_index(number) {
                found[index].push(value);
            }
        }
        self.out.push(b'{');
        for (field, values) in message.fields.iter().zip(found) {
            let Some(last) = values.last().copied() else {
                self.default(field);
                continue;
            };
            self.key(field);
            match (field.label, field.message()) {
                // Several pieces of a message add up.
                (Label::Single, Some(id)) if values.len() > 1 => {
                    let mut whole = Vec::new();
                    for value in values {
                        whole.extend_from_slice(value.bytes()?);
                    }
                    self.message(self.contract.message(id), &whole, depth + 1)?;
                }
                (Label::Single, _) => self.value(field.kind, last, depth)?,
                (Label::Repeated, _) => {
                    self.out.push(b'[');
                    for value in values {
                        self.elements(field, value, depth)?;
                    }
                    self.end(b']');
                }
                (Label::Map, _) => self.map(field, values, depth)?,
            }
            self.out.push(b',');
        }
        self.end(b'}');
        Ok(())
    }

    fn key(&mut self, field: &Field) {
        self.out.extend_from_slice(field.json_key.as_bytes());
    }

    /// Closes a list or an object whose every member left a comma behind.
    fn end(&mut self, bracket: u8) {
        match self.out.last_mut() {
            Some(last) if *last == b',' => *last = bracket,
            _ => self.out.push(bracket),
        }
    }

    fn default(&mut self, field: &Field) {
        let default: &[u8] = match (field.label, field.kind) {
            (Label::Repeated, _) => b"[]",
            (Label::Map, _) => b"{}",
            _ if field.presence => return,
            (_, Kind::String | Kind::Bytes) => b"\"\"",
            (_, Kind::Bool) => b"false",
            (_, Kind::Int64 | Kind::Uint64 | Kind::Sint64 | Kind::Fixed64 | Kind::Sfixed64) => b"\"0\"",
            (_, Kind::Enum(id)) => {
                self.key(field);
                self.enumeration(id, 0);
                self.out.push(b',');
                return;
            }
            (_, Kind::Message(_)) => return,
            _ => b"0",
        };
        self.key(field);
        self.out.extend_from_slice(default);
        self.out.push(b',');
    }

    fn elements(&mut self, field: &Field, value: Value<'_>, depth: usize) -> Result<(), Malformed> {
        if let Value::Bytes(bytes) = value
            && field.kind.packable()
        {
            let mut packed = Reader::new(bytes);
            while let Some(value) = packed.packed(field.kind.wire_type()) {
                self.value(field.kind, value?, depth)?;
                self.out.push(b',');
            }
            return Ok(());
        }
        self.value(field.kind, value, depth)?;
        self.out.push(b',');
        Ok(())
    }

    /// Entries in the order of their keys: maps have none, and answers should not differ from call to call.
    fn map(&mut self, field: &Field, entries: Vec<Value<'_>>, depth: usize) -> Result<(), Malformed> {
        let entry = field.message().map(|id| self.contract.message(id)).ok_or(Malformed)?;
        let (key_kind, value_kind) = (entry.fields[0].kind, entry.fields[1].kind);
        if key_kind != Kind::String {
            return Err(Malformed);
        }
        let mut pairs: Vec<(&str, Option<Value<'_>>)> = Vec::with_capacity(entries.len());
        for found in entries {
            let (mut key, mut value) = ("", None);
            let mut reader = Reader::new(found.bytes()?);
            while let Some(next) = reader.field().transpose()? {
                match next {
                    (1, found) => key = found.text()?,
                    (2, found) => value = Some(found),
                    _ => {}
                }
            }
            pairs.push((key, value));
        }
        pairs.sort_by_key(|(key, _)| *key);
        self.out.push(b'{');
        for (position, (key, value)) in pairs.iter().enumerate() {
            if pairs.get(position + 1).is_some_and(|(next, _)| next == key) {
                continue;
            }
            self.text(key);
            self.out.push(b':');
            match value {
                Some(value) => self.value(value_kind, *value, depth)?,
                None => self.value(value_kind, zero(value_kind), depth)?,
            }
            self.out.push(b',');
        }
        self.end(b'}');
        Ok(())
    }

    fn value(&mut self, kind: Kind, value: Value<'_>, depth: usize) -> Result<(), Malformed> {
        match (kind, value) {
            (Kind::String, value) => self.text(value.text()?),
            (Kind::Message(id), Value::Bytes(bytes)) => {
                return self.message(self.contract.message(id), bytes, depth + 1);
            }
            (Kind::Enum(id), Value::Varint(number)) => self.enumeration(id, number as i32),
            (Kind::Bool, Value::Varint(number)) => {
                self.out.extend_from_slice(if number == 0 { b"false" } else { b"true" });
            }
            (Kind::Int32, Value::Varint(number)) => self.plain(number as i32),
            (Kind::Uint32, Value::Varint(number)) => self.plain(number as u32),
            (Kind::Sint32, Value::Varint(number)) => self.plain(unzigzag(number) as i32),
            (Kind::Fixed32, Value::Fixed32(number)) => self.plain(number),
            (Kind::Sfixed32, Value::Fixed32(number)) => self.plain(number as i32),
            (Kind::Int64, Value::Varint(number)) => self.quoted(number as i64),
            (Kind::Uint64, Value::Varint(number)) => self.quoted(number),
            (Kind::Sint64, Value::Varint(number)) => self.quoted(unzigzag(number)),
            (Kind::Fixed64, Value::Fixed64(number)) => self.quoted(number),
            (Kind::Sfixed64, Value::Fixed64(number)) => self.quoted(number as i64),
            (Kind::Double, Value::Fixed64(bits)) => self.double(f64::from_bits(bits))?,
            (Kind::Float, Value::Fixed32(bits)) => {
                let number = f32::from_bits(bits);
                if !number.is_finite() {
                    return Err(Malformed);
                }
                serde_json::to_writer(&mut *self.out, &number).map_err(|_| Malformed)?;
            }
            (Kind::Bytes, Value::Bytes(bytes)) => {
                self.out.push(b'"');
                self.out.extend_from_slice(STANDARD.encode(bytes).as_bytes());
                self.out.push(b'"');
            }
            _ => return Err(Malformed),
        }
        Ok(())
    }

    fn enumeration(&mut self, id: platform::contract::EnumId, number: i32) {
        match self.contract.enumeration(id).value(number) {
            Some(value) => {
                self.out.push(b'"');
                self.out.extend_from_slice(value.name.as_bytes());
                self.out.push(b'"');
            }
            None => self.plain(number),
        }
    }

    fn plain(&mut self, number: impl itoa::Integer) {
        self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    fn quoted(&mut self, number: impl itoa::Integer) {
        self.out.push(b'"');
        self.plain(number);
        self.out.push(b'"');
    }

    fn double(&mut self, number: f64) -> Result<(), Malformed> {
        if !number.is_finite() {
            return Err(Malformed);
        }
        serde_json::to_writer(&mut *self.out, &number).map_err(|_| Malformed)
    }

    fn text(&mut self, text: &str) {
        quote(self.out, text);
    }

    fn field_mask(&mut self, wire: &[u8]) -> Result<(), Malformed> {
        let mut paths = Vec::new();
        let mut reader = Reader::new(wire);
        while let Some(field) = reader.field().transpose()? {
            if let (1, value) = field {
                paths.push(camel(value.text()?));
            }
        }
        self.text(&paths.join(","));
        Ok(())
    }
}

/// Writes a JSON string.
pub fn quote(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut copied = 0;
    for (index, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[copied..index]);
        copied = index + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
        }
    }
    out.extend_from_slice(&bytes[copied..]);
    out.push(b'"');
}

fn zero(kind: Kind) -> Value<'static> {
    match kind.wire_type() {
        1 => Value::Fixed64(0),
        5 => Value::Fixed32(0),
        2 => Value::Bytes(b""),
        _ => Value::Varint(0),
    }
}

/// `customer.postal_code` → `customer.postalCode`, as fields are called in JSON.
pub fn camel(path: &str) -> String {
    let mut camel = String::with_capacity(path.len());
    let mut upper = false;
    for character in path.chars() {
        match character {
            '_' => upper = true,
            _ if upper => {
                camel.push(character.to_ascii_uppercase());
                upper = false;
            }
            _ => camel.push(character),
        }
    }
    camel
}
