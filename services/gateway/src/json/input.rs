//! A JSON body → wire bytes. serde_json reads the text; the visitors here write each value where it belongs as it comes,
//! and know at every moment where in the body they are, so a refusal names its place. `object` reads messages, `value`
//! what their fields hold.

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

mod dynamic;
mod object;
mod value;

use platform::contract::{Contract, Field, Message, MessageId, WellKnown};
use platform::error::Reason;
use serde::de::{DeserializeSeed, Error};

use self::object::MessageSeed;
use super::scalar::{Bound, Refusal};
use crate::fault::{Fault, JSON_INVALID, WRONG_TYPE};

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
    let outcome = match message.well_known {
        WellKnown::Struct => dynamic::read_struct(&mut cx, &mut json),
        _ => MessageSeed { cx: &mut cx, message, bound, level }.deserialize(&mut json),
    };
    let outcome = outcome.and_then(|()| json.end());
    match (outcome, cx.fault) {
        (Ok(()), None) => Ok(()),
        (_, Some(fault)) => Err(fault),
        (Err(error), None) => {
            Err(Fault::at("", &JSON_INVALID).arg("line", &error.line()).arg("column", &error.column()))
        }
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

    fn refuse<E: Error>(&mut self, refusal: &Refusal) -> E {
        let mut fault = Fault::at(render(&self.path), refusal.reason);
        if let Some(expected) = refusal.expected {
            fault = fault.arg("expected", &expected);
        }
        self.fault.get_or_insert(fault);
        E::custom("refused")
    }

    fn wrong_type<E: Error>(&mut self, expected: &'static str) -> E {
        self.refuse(&Refusal { reason: &WRONG_TYPE, expected: Some(expected) })
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
