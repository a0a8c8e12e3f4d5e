//! Checks a request's wire bytes against the contract's rules in one pass, before anything of the service runs.
//! `check` holds the rules of single values; the texts stand in `violation`.

mod check;
pub use check::is_email;
mod scope;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use self::{
    check::{Fault, check_value, zero},
    scope::{Path, Scope, Step},
};
use super::{
    Contract,
    rules::{Rules, ValueRules},
    table::{Field, Kind, Label, Message, MessageId, WellKnown},
    violation,
    wire::{Malformed, Reader, Value},
};
use crate::error::Violation;

const MAX_DEPTH: usize = 32;
const MAX_VIOLATIONS: usize = 100;
/// 0001-01-01 and the end of 9999, in seconds since 1970.
const TIMESTAMPS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

impl Contract {
    /// Checks all rules of a request. Of an update, only the fields that its mask names are held to their rules, since
    /// the others are not taken over; without a mask, the fields that are there.
    pub fn validate(&self, id: MessageId, wire: &[u8]) -> Result<(), Vec<Violation>> {
        let mut check = Check { contract: self, violations: Vec::new() };
        let message = self.message(id);
        let outcome = match message.update {
            Some(_) => check.update(message, wire),
            None => check.message(message, wire, None, &Scope::All, 0),
        };
        if outcome.is_err() {
            check.violations.push(Violation { field: String::new(), reason: &violation::MALFORMED, args: vec![] });
        }
        if check.violations.is_empty() { Ok(()) } else { Err(check.violations) }
    }
}

/// The fields that break a rule by being left out.
pub(super) fn needed_fields(message: &Message) -> Vec<usize> {
    (0..message.fields.len()).filter(|&index| absent_fault(&message.fields[index]).is_some()).collect()
}

fn absent_fault(field: &Field) -> Option<Fault> {
    let rules = &field.rules;
    match (&rules.value, field.label) {
        _ if rules.required => Some(Fault::new(&violation::VALUE_REQUIRED)),
        (ValueRules::Repeated(list), Label::Repeated) => {
            list.min_items.filter(|&min| min > 0).map(|min| Fault::with(&violation::TOO_FEW, "min", &min))
        }
        (ValueRules::Map(map), Label::Map) => {
            map.min_pairs.filter(|&min| min > 0).map(|min| Fault::with(&violation::TOO_FEW, "min", &min))
        }
        (_, Label::Single) if !field.presence && !rules.ignore_zero => {
            zero(field.kind).and_then(|value| check_value(field.kind, rules, value, None).err())
        }
        _ => None,
    }
}

/// What a repeated field or a map has shown so far.
struct Run<'a> {
    field: usize,
    count: usize,
    values: HashSet<&'a [u8]>,
    numbers: HashSet<u64>,
    doubled: bool,
}

struct Check<'c> {
    contract: &'c Contract,
    violations: Vec<Violation>,
}

impl Check<'_> {
    fn update(&mut self, message: &Message, wire: &[u8]) -> Result<(), Malformed> {
        let Some(update) = message.update else { return Err(Malformed) };
        let resource = &message.fields[update.resource];
        let resource_message = resource.message().map(|id| self.contract.message(id)).ok_or(Malformed)?;
        let mut mask = Vec::new();
        let mut rest = Vec::new();
        let mut reader = Reader::new(wire);
        while let Some(field) = reader.field() {
            let (number, value) = field?;
            match message.field_index(number) {
                Some(index) if index == update.mask => read_mask(value.bytes()?, &mut mask)?,
                Some(index) if index == update.resource => rest.push(value.bytes()?),
                _ => {}
            }
        }
        for path in &mask {
            if !self.resolves(resource_message, path) {
                let at = Path { above: None, step: Step::Field(&message.fields[update.mask].name) };
                self.report(&at, Fault::with(&violation::MASK_PATH_UNKNOWN, "path", *path));
            }
        }
        let scope = if mask.is_empty() { Scope::Present } else { Scope::Paths(mask) };
        for bytes in rest {
            let at = Path { above: None, step: Step::Field(&resource.name) };
            self.message(resource_message, bytes, Some(&at), &scope, 1)?;
        }
        self.fields(message, wire, None, &Scope::All, 0, Some(update.resource))
    }

    fn resolves(&self, message: &Message, path: &str) -> bool {
        if path == "*" {
            return true;
        }
        let (name, below) = path.split_once('.').map_or((path, None), |(name, below)| (name, Some(below)));
        let Some(field) = message.fields.iter().find(|field| field.name == name) else { return false };
        match (below, field.label, field.message()) {
            (None, ..) => true,
            (Some(key), Label::Map, _) => !key.is_empty(),
            (Some(below), Label::Single, Some(id)) => self.resolves(self.contract.message(id), below),
            _ => false,
        }
    }

    fn message(
        &mut self,
        message: &Message,
        wire: &[u8],
        path: Option<&Path<'_>>,
        scope: &Scope<'_>,
        depth: usize,
    ) -> Result<(), Malformed> {
        match message.well_known {
            WellKnown::Timestamp => self.timestamp(wire, path),
            _ => self.fields(message, wire, path, scope, depth, None),
        }
    }

    fn fields(
        &mut self,
        message: &Message,
        wire: &[u8],
        path: Option<&Path<'_>>,
        scope: &Scope<'_>,
        depth: usize,
        skipped: Option<usize>,
    ) -> Result<(), Malformed> {
        if depth > MAX_DEPTH {
            return Err(Malformed);
        }
        let mut seen = 0u128;
        let mut runs: Vec<Run<'_>> = Vec::new();
        let mut reader = Reader::new(wire);
        while let Some(next) = reader.field() {
            let (number, value) = next?;
            let Some(index) = message.field_index(number) else { continue };
            seen |= 1 << index;
            if skipped == Some(index) {
                continue;
            }
            let field = &message.fields[index];
            let at = Path { above: path, step: Step::Field(&field.name) };
            let inner = scope.of(field);
            if field.label == Label::Single {
                self.value(field.kind, &field.rules, value, field.presence, &at, &inner, depth)?;
                continue;
            }
            let known = runs.iter().position(|run| run.field == index).unwrap_or_else(|| {
                runs.push(Run {
                    field: index,
                    count: 0,
                    values: HashSet::new(),
                    numbers: HashSet::new(),
                    doubled: false,
                });
                runs.len() - 1
            });
            self.element(field, value, &mut runs[known], &at, &inner, depth)?;
        }
        for &index in &message.needed {
            let field = &message.fields[index];
            if seen & 1 << index == 0
                && scope.demands(field)
                && let Some(fault) = absent_fault(field)
            {
                self.report(&Path { above: path, step: Step::Field(&field.name) }, fault);
            }
        }
        for run in runs {
            let field = &message.fields[run.field];
            if !matches!(scope.of(field), Scope::Nothing) {
                self.run(field, &run, &Path { above: path, step: Step::Field(&field.name) });
            }
        }
        Ok(())
    }

    fn element<'w>(
        &mut self,
        field: &Field,
        value: Value<'w>,
        run: &mut Run<'w>,
        at: &Path<'_>,
        scope: &Scope<'_>,
        depth: usize,
    ) -> Result<(), Malformed> {
        if field.label == Label::Map {
            run.count += 1;
            return self.entry(field, value.bytes()?, at, scope, depth);
        }
        let no_rules = Rules::default();
        let (rules, unique) = match &field.rules.value {
            ValueRules::Repeated(list) => (&*list.items, list.unique),
            _ => (&no_rules, false),
        };
        let mut packed = match value {
            Value::Bytes(bytes) if field.kind.packable() => Some(Reader::new(bytes)),
            _ => None,
        };
        let mut single = Some(value);
        loop {
            let value = match &mut packed {
                Some(reader) => match reader.packed(field.kind.wire_type()) {
                    Some(value) => value?,
                    None => return Ok(()),
                },
                None => match single.take() {
                    Some(value) => value,
                    None => return Ok(()),
                },
            };
            if unique {
                run.doubled |= !match value {
                    Value::Bytes(bytes) => run.values.insert(bytes),
                    Value::Varint(number) | Value::Fixed64(number) => run.numbers.insert(number),
                    Value::Fixed32(number) => run.numbers.insert(u64::from(number)),
                };
            }
            let at = Path { above: Some(at), step: Step::Index(run.count) };
            run.count += 1;
            self.value(field.kind, rules, value, false, &at, scope, depth)?;
        }
    }

    fn entry(
        &mut self,
        field: &Field,
        wire: &[u8],
        at: &Path<'_>,
        scope: &Scope<'_>,
        depth: usize,
    ) -> Result<(), Malformed> {
        let entry = field.message().map(|id| self.contract.message(id)).ok_or(Malformed)?;
        let [key_field, value_field] = entry.fields.as_slice() else { return Err(Malformed) };
        let no_rules = Rules::default();
        let (keys, values) = match &field.rules.value {
            ValueRules::Map(map) => (&*map.keys, &*map.values),
            _ => (&no_rules, &no_rules),
        };
        let mut key = zero(key_field.kind).ok_or(Malformed)?;
        let mut value = zero(value_field.kind);
        let mut reader = Reader::new(wire);
        while let Some(next) = reader.field() {
            match next? {
                (1, found) => key = found,
                (2, found) => value = Some(found),
                _ => {}
            }
        }
        let name = match key {
            Value::Bytes(bytes) => bytes,
            _ => b"",
        };
        let at = Path { above: Some(at), step: Step::Key(name) };
        self.value(key_field.kind, keys, key, false, &at, scope, depth)?;
        match value {
            Some(value) => self.value(value_field.kind, values, value, true, &at, scope, depth),
            None => Ok(()),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a value, its rules and its place; a struct would only rename them")]
    fn value(
        &mut self,
        kind: Kind,
        rules: &Rules,
        value: Value<'_>,
        presence: bool,
        at: &Path<'_>,
        scope: &Scope<'_>,
        depth: usize,
    ) -> Result<(), Malformed> {
        if let Kind::Message(id) = kind {
            return self.message(self.contract.message(id), value.bytes()?, Some(at), scope, depth + 1);
        }
        let enumeration = match kind {
            Kind::Enum(id) => Some(self.contract.enumeration(id)),
            _ => None,
        };
        let no_rules = Rules::default();
        let held = if matches!(scope, Scope::Nothing) { &no_rules } else { rules };
        if !presence && zero(kind) == Some(value) {
            if held.required {
                self.report(at, Fault::new(&violation::VALUE_REQUIRED));
                return Ok(());
            }
            if held.ignore_zero {
                return Ok(());
            }
        }
        if let Err(fault) = check_value(kind, held, value, enumeration) {
            if fault.reason == &violation::MALFORMED {
                return Err(Malformed);
            }
            self.report(at, fault);
        }
        Ok(())
    }

    fn run(&mut self, field: &Field, run: &Run<'_>, at: &Path<'_>) {
        let (min, max) = match &field.rules.value {
            ValueRules::Repeated(list) => (list.min_items, list.max_items),
            ValueRules::Map(map) => (map.min_pairs, map.max_pairs),
            _ => return,
        };
        if let Some(min) = min.filter(|&min| (run.count as u64) < min) {
            self.report(at, Fault::with(&violation::TOO_FEW, "min", &min));
        }
        if let Some(max) = max.filter(|&max| run.count as u64 > max) {
            self.report(at, Fault::with(&violation::TOO_MANY, "max", &max));
        }
        if run.doubled {
            self.report(at, Fault::new(&violation::NOT_UNIQUE));
        }
    }

    fn timestamp(&mut self, wire: &[u8], path: Option<&Path<'_>>) -> Result<(), Malformed> {
        let (mut seconds, mut nanos) = (0i64, 0i64);
        let mut reader = Reader::new(wire);
        while let Some(next) = reader.field() {
            match next? {
                (1, value) => seconds = value.varint()? as i64,
                (2, value) => nanos = value.varint()? as i64,
                _ => {}
            }
        }
        if let Some(at) = path
            && (!TIMESTAMPS.contains(&seconds) || !(0..1_000_000_000).contains(&nanos))
        {
            self.report(at, Fault::new(&violation::TIME_OUT_OF_RANGE));
        }
        Ok(())
    }

    fn report(&mut self, at: &Path<'_>, fault: Fault) {
        if self.violations.len() < MAX_VIOLATIONS {
            self.violations.push(Violation { field: at.render(), reason: fault.reason, args: fault.args });
        }
    }
}

fn read_mask<'w>(wire: &'w [u8], paths: &mut Vec<&'w str>) -> Result<(), Malformed> {
    let mut reader = Reader::new(wire);
    while let Some(next) = reader.field() {
        if let (1, value) = next? {
            paths.push(value.text()?);
        }
    }
    Ok(())
}
