//! Wire bytes of `google.protobuf.Struct` and what it is made of → JSON. The way in stands in `input/dynamic`.

use platform::contract::wire::{Malformed, Reader, Value};

use super::output::quote;

const MAX_DEPTH: usize = 64;
/// Up to here a double tells every whole number.
const WHOLE: f64 = 9_007_199_254_740_992.0;

/// Members in the order of their names: maps have none, and answers should not differ from call to call.
pub fn write_struct(wire: &[u8], out: &mut Vec<u8>, depth: usize) -> Result<(), Malformed> {
    if depth > MAX_DEPTH {
        return Err(Malformed);
    }
    let mut members: Vec<(&str, &[u8])> = Vec::new();
    let mut reader = Reader::new(wire);
    while let Some(field) = reader.field().transpose()? {
        let (1, entry) = field else { continue };
        let (mut name, mut value) = ("", &[][..]);
        let mut entry = Reader::new(entry.bytes()?);
        while let Some(part) = entry.field().transpose()? {
            match part {
                (1, part) => name = part.text()?,
                (2, part) => value = part.bytes()?,
                _ => {}
            }
        }
        members.push((name, value));
    }
    members.sort_by_key(|(name, _)| *name);
    out.push(b'{');
    for (position, (name, value)) in members.iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        quote(out, name);
        out.push(b':');
        write_value(value, out, depth + 1)?;
    }
    out.push(b'}');
    Ok(())
}

pub fn write_list(wire: &[u8], out: &mut Vec<u8>, depth: usize) -> Result<(), Malformed> {
    out.push(b'[');
    let mut reader = Reader::new(wire);
    let mut first = true;
    while let Some(field) = reader.field().transpose()? {
        let (1, value) = field else { continue };
        if !first {
            out.push(b',');
        }
        first = false;
        write_value(value.bytes()?, out, depth + 1)?;
    }
    out.push(b']');
    Ok(())
}

pub fn write_value(wire: &[u8], out: &mut Vec<u8>, depth: usize) -> Result<(), Malformed> {
    if depth > MAX_DEPTH {
        return Err(Malformed);
    }
    let mut last = None;
    let mut reader = Reader::new(wire);
    while let Some(field) = reader.field().transpose()? {
        last = Some(field);
    }
    match last {
        Some((2, Value::Fixed64(bits))) => number(f64::from_bits(bits), out),
        Some((3, value)) => {
            quote(out, value.text()?);
            Ok(())
        }
        Some((4, value)) => {
            out.extend_from_slice(if value.varint()? == 0 { b"false" } else { b"true" });
            Ok(())
        }
        Some((5, value)) => write_struct(value.bytes()?, out, depth + 1),
        Some((6, value)) => write_list(value.bytes()?, out, depth + 1),
        _ => {
            out.extend_from_slice(b"null");
            Ok(())
        }
    }
}

/// Whole numbers without a point, as they came in.
fn number(number: f64, out: &mut Vec<u8>) -> Result<(), Malformed> {
    if !number.is_finite() {
        return Err(Malformed);
    }
    if number.fract() == 0.0 && number.abs() < WHOLE {
        out.extend_from_slice(itoa::Buffer::new().format(number as i64).as_bytes());
        return Ok(());
    }
    serde_json::to_writer(out, &number).map_err(|_| Malformed)
}
