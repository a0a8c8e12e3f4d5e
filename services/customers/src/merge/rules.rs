//! Whose value a field of the survivor gets, and what can be merged and parted again. Pure.
//!
//! What the caller doesn't see in clear or may not set can't be chosen, and no rule of survivorship touches it: the survivor
//! keeps its own value, and is given another's only where it has none. So nobody overwrites what they don't see, nothing is
//! lost for being out of sight, and no preview tells whether two masked values are the same.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use contracts::customers::{Customer, CustomerState, FieldChoice, Survivorship};
use contracts::options::Visibility;
use platform::access::Caller;
use platform::audit::personal::{Kind, kind_of};
use platform::error::{Error, Reason, Result, Violation, reason as common};
use serde_json::Value;
use uuid::Uuid;

use super::values::{CUSTOM, PATHS, Values};
use crate::customer::event;
use crate::error::reason;
use crate::field::{Fields, Masked};

pub const UNDO_DAYS: i64 = 30;

/// One of those that become one; the survivor comes first.
pub struct Party {
    pub id: Uuid,
    pub values: Values,
    pub update_time: (i64, i32),
}

/// What somebody may choose.
pub struct Chooser<'a> {
    pub caller: &'a Caller,
    /// The caller's view.
    pub fields: &'a Fields,
    pub masked: &'a Masked,
}

impl Chooser<'_> {
    pub fn may_choose(&self, path: &str) -> bool {
        if let Some(key) = path.strip_prefix(CUSTOM) {
            let field = self.fields.by_key(key).filter(|field| !field.retired);
            return field.is_some() && self.fields.is_writable(key) && !self.masked.contains(key);
        }
        PATHS.contains(&path)
            && match kind_of(crate::NAME, event::AGGREGATE, path) {
                Kind::Of(kind) => self.caller.visibility(kind) == Visibility::Clear,
                _ => true,
            }
    }

    /// Whether the caller knows of the field at all.
    pub fn knows(&self, path: &str) -> bool {
        path.strip_prefix(CUSTOM).is_none_or(|key| self.fields.by_key(key).is_some() && !self.masked.is_hidden(key))
    }
}

/// All fields that any of them holds.
pub fn paths(parties: &[Party]) -> BTreeSet<&str> {
    parties.iter().flat_map(|party| party.values.keys().map(String::as_str)).collect()
}

pub fn differs(parties: &[Party], path: &str) -> bool {
    parties.iter().any(|party| party.values.get(path) != parties[0].values.get(path))
}

/// Texts of which a longer one says more; of a code or a date it says nothing.
const PROSE: [&str; 6] = ["name", "legal_representative", "bank_name", "website", "remark", "addresses"];

fn fullness(path: &str, value: &Value) -> usize {
    match value {
        Value::String(text) if PROSE.contains(&path) => text.chars().count(),
        Value::Array(list) if PROSE.contains(&path) => list.iter().map(|one| one.to_string().chars().count()).sum(),
        _ => 0,
    }
}

/// Whose value the rule takes, by place.
pub fn source(rule: Survivorship, parties: &[Party], path: &str) -> usize {
    let holders = || (0..parties.len()).filter(|place| parties[*place].values.contains_key(path));
    // Of those changed at once the one who was named first.
    let newest = || holders().max_by_key(|place| (parties[*place].update_time, std::cmp::Reverse(*place)));
    let survivor = || holders().find(|place| *place == 0).or_else(newest);
    let chosen = match rule {
        Survivorship::Newer => newest(),
        Survivorship::Fuller => {
            let most = holders().map(|place| fullness(path, &parties[place].values[path])).max().unwrap_or_default();
            let fullest = |place: &usize| fullness(path, &parties[*place].values[path]) == most;
            if most == 0 || holders().filter(fullest).count() > 1 { survivor() } else { holders().find(fullest) }
        }
        _ => survivor(),
    };
    chosen.unwrap_or_default()
}

/// The choices by field, as places; or everything that is wrong with them.
pub fn choices(
    given: &[FieldChoice],
    parties: &[Party],
    chooser: &Chooser<'_>,
) -> Result<BTreeMap<String, usize>, Vec<Violation>> {
    let mut chosen = BTreeMap::new();
    let mut faults = Vec::new();
    let mut add = |field: String, reason: &'static Reason| faults.push(Violation { field, reason, args: Vec::new() });
    for (index, choice) in given.iter().enumerate() {
        let place = parties.iter().position(|party| choice.customer_id.parse() == Ok(party.id));
        let at = |name: &str| format!("choices[{index}].{name}");
        match place {
            None => add(at("customer_id"), &reason::MERGE_CHOICE_UNKNOWN),
            Some(_) if !chooser.may_choose(&choice.field) => add(at("field"), &reason::MERGE_FIELD_FIXED),
            Some(_) if chosen.contains_key(&choice.field) => add(at("field"), &reason::MERGE_FIELD_TWICE),
            Some(place) if is_needed(&choice.field, chooser) && !parties[place].values.contains_key(&choice.field) => {
                add(at("field"), &common::VALUE_REQUIRED);
            }
            Some(place) => drop(chosen.insert(choice.field.clone(), place)),
        }
    }
    if faults.is_empty() { Ok(chosen) } else { Err(faults) }
}

fn is_needed(path: &str, chooser: &Chooser<'_>) -> bool {
    let custom = path.strip_prefix(CUSTOM).and_then(|key| chooser.fields.by_key(key));
    path == "name" || custom.is_some_and(|field| field.required)
}

/// The fields of the survivor that change, with their values.
pub fn changed<'p>(
    parties: &'p [Party],
    rule: Survivorship,
    chosen: &BTreeMap<String, usize>,
    chooser: &Chooser<'_>,
) -> Vec<(&'p str, Option<&'p Value>)> {
    let decided = paths(parties).into_iter().map(|path| {
        let place = match chosen.get(path) {
            Some(place) => *place,
            None if chooser.may_choose(path) => source(rule, parties, path),
            None => source(Survivorship::Survivor, parties, path),
        };
        (path, parties[place].values.get(path))
    });
    decided.filter(|(path, value)| parties[0].values.get(*path) != *value).collect()
}

/// Whether these can become one: in use, and of one kind.
pub fn check(customers: &[Customer]) -> Result<()> {
    if customers.iter().any(|customer| customer.state() != CustomerState::Active) {
        return Err(Error::failed_precondition(&reason::CUSTOMER_INVALID));
    }
    if customers.iter().any(|customer| customer.kind != customers[0].kind) {
        return Err(Error::failed_precondition(&reason::MERGE_KINDS_DIFFER));
    }
    Ok(())
}

/// Until when a merge can be undone; nothing when it was.
pub fn undo_expire_time(create_time: DateTime<Utc>, undo_time: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    let until = create_time + TimeDelta::days(UNDO_DAYS);
    (undo_time.is_none() && Utc::now() < until).then_some(until)
}

pub fn check_undo(create_time: DateTime<Utc>, undo_time: Option<DateTime<Utc>>) -> Result<()> {
    if undo_time.is_some() {
        return Err(Error::failed_precondition(&reason::MERGE_UNDONE));
    }
    match undo_expire_time(create_time, undo_time) {
        Some(_) => Ok(()),
        None => Err(Error::failed_precondition(&reason::MERGE_TOO_OLD).arg("days", UNDO_DAYS)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn a_party(seconds: i64, values: &Value) -> Party {
        let values = values.as_object().into_iter().flatten().map(|(path, value)| (path.clone(), value.clone()));
        Party { id: Uuid::now_v7(), values: values.collect(), update_time: (seconds, 0) }
    }

    #[test]
    fn a_rule_decides_between_values() {
        let parties = [
            a_party(1, &json!({"name": "华星", "remark": "老客户", "level": "vip"})),
            a_party(3, &json!({"name": "杭州华星贸易", "level": "ordinary", "email": "a@b.c"})),
            a_party(2, &json!({"name": "杭州华星", "email": "d@e.f", "remark": "新客户"})),
        ];
        for (path, survivor, newer, fuller) in
            [("name", 0, 1, 1), ("level", 0, 1, 0), ("remark", 0, 2, 0), ("email", 1, 1, 1), ("phone", 0, 0, 0)]
        {
            let of = |rule| source(rule, &parties, path);
            assert_eq!(of(Survivorship::Survivor), survivor, "{path}");
            assert_eq!(of(Survivorship::Unspecified), survivor, "{path}");
            assert_eq!(of(Survivorship::Newer), newer, "{path}");
            assert_eq!(of(Survivorship::Fuller), fuller, "{path}");
        }
        assert!(differs(&parties, "email") && !differs(&parties, "phone"));
        // Those changed at once.
        let alike = [a_party(1, &json!({"name": "一"})), a_party(1, &json!({"name": "二"}))];
        assert_eq!(source(Survivorship::Newer, &alike, "name"), 0);
    }

    #[test]
    fn a_merge_is_undone_once_and_in_time() {
        let now = Utc::now();
        let refusal = |created, undone| check_undo(created, undone).err().map(|error| error.reason().id);
        assert_eq!(refusal(now, None), None);
        assert_eq!(refusal(now, Some(now)), Some("MERGE_UNDONE"));
        assert_eq!(refusal(now - TimeDelta::days(31), None), Some("MERGE_TOO_OLD"));
    }

    #[test]
    fn persons_and_firms_stay_apart() {
        let a = |kind, state| Customer { kind, state, ..Customer::default() };
        let refusal = |customers: &[Customer]| check(customers).err().map(|error| error.reason().id);
        assert_eq!(refusal(&[a(1, 1), a(1, 1)]), None);
        assert_eq!(refusal(&[a(1, 1), a(2, 1)]), Some("MERGE_KINDS_DIFFER"));
        assert_eq!(refusal(&[a(1, 1), a(1, 2)]), Some("CUSTOMER_INVALID"));
    }
}
