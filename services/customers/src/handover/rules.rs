//! Who gets which customer, and what a handover must be.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use contracts::customers::{Handover, HandoverReceiver, HandoverState};
use contracts::options::Permission;
use platform::access::{Caller, Policy, PolicyEmployee};
use platform::error::{Error, Reason, Result, Violation};
use platform::filter::branch;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::dictionary::cache::Dictionaries;
use crate::error::reason;

const UNDO_DAYS: i64 = 30;

/// As it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receiver {
    pub employee_id: Uuid,
    pub share: i32,
    pub regions: Vec<String>,
}

impl Receiver {
    pub fn of(receiver: &HandoverReceiver) -> Self {
        Self {
            employee_id: receiver.employee_id.parse().unwrap_or_default(),
            share: receiver.share.max(1),
            regions: receiver.regions.clone(),
        }
    }

    /// How closely the receiver's regions fit a customer's; nothing when they don't.
    fn closeness(&self, region: &str) -> Option<usize> {
        if self.regions.is_empty() {
            return Some(0);
        }
        let fitting = self.regions.iter().map(|code| branch(code)).filter(|prefix| region.starts_with(prefix));
        fitting.map(str::len).max()
    }
}

/// Spreads customers over receivers as far as they have come, so that it goes on evenly after a break.
pub struct Spread<'a> {
    receivers: &'a [Receiver],
    given: Vec<i64>,
}

impl<'a> Spread<'a> {
    pub fn new(receivers: &'a [Receiver], given: impl Fn(Uuid) -> i64) -> Self {
        Self { given: receivers.iter().map(|receiver| given(receiver.employee_id)).collect(), receivers }
    }

    /// Who gets the next customer, of this region.
    pub fn next(&mut self, region: &str) -> Option<Uuid> {
        let closest = self.receivers.iter().filter_map(|receiver| receiver.closeness(region)).max()?;
        let fitting =
            (0..self.receivers.len()).filter(|place| self.receivers[*place].closeness(region) == Some(closest));
        // Of those who fit alike, whoever has least for their share.
        let due = fitting.min_by(|a, b| {
            let with_next = |one: usize, other: usize| (self.given[one] + 1) * i64::from(self.receivers[other].share);
            with_next(*a, *b).cmp(&with_next(*b, *a))
        })?;
        self.given[due] += 1;
        Some(self.receivers[due].employee_id)
    }
}

/// Whatever is wrong with who receives what. `known` are the employees within the caller's scope.
pub fn check(handover: &Handover, known: impl Fn(Uuid) -> bool, dictionaries: &Dictionaries) -> Vec<Violation> {
    let mut faults = Vec::new();
    let mut add = |field: String, reason: &'static Reason, args| faults.push(Violation { field, reason, args });
    let mut seen = HashSet::new();
    for (index, receiver) in handover.receivers.iter().enumerate() {
        let field = format!("handover.receivers[{index}].employee_id");
        let id = Receiver::of(receiver).employee_id;
        if receiver.employee_id == handover.from_employee_id {
            add(field, &reason::HANDOVER_TO_ITSELF, Vec::new());
        } else if !known(id) {
            add(field, &reason::OWNER_INVALID, Vec::new());
        } else if !seen.insert(id) {
            add(field, &reason::HANDOVER_RECEIVER_TWICE, Vec::new());
        }
        for (place, code) in receiver.regions.iter().enumerate() {
            if dictionaries.contains("region", code).is_none() {
                let args = vec![("dictionary", "region".to_owned()), ("code", code.clone())];
                add(format!("handover.receivers[{index}].regions[{place}]"), &reason::CODE_UNKNOWN, args);
            }
        }
    }
    if handover.receivers.iter().all(|receiver| !receiver.regions.is_empty()) {
        add("handover.receivers".into(), &reason::HANDOVER_REST_LEFT, Vec::new());
    }
    faults
}

/// Whoever is to get the customers back, if they are there to do so and within the caller's scope.
pub fn giver<'p>(id: Uuid, caller: &Caller, policy: &'p Policy) -> Option<&'p Arc<PolicyEmployee>> {
    let employee = policy.employee(id).filter(|employee| employee.active)?;
    caller.covers(Permission::CustomersAssign, Some(id), employee.group_id).then_some(employee)
}

/// Until when a handover can be undone; nothing when it can't.
pub fn undo_expire_time(state: HandoverState, create_time: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let ended = matches!(state, HandoverState::Completed | HandoverState::Failed);
    ended.then(|| create_time + TimeDelta::days(UNDO_DAYS))
}

pub fn check_undo(state: HandoverState, create_time: DateTime<Utc>, giver_there: bool) -> Result<()> {
    match undo_expire_time(state, create_time) {
        None => Err(Error::failed_precondition(&reason::HANDOVER_NOT_DONE)),
        Some(time) if time < Utc::now() => {
            Err(Error::failed_precondition(&reason::HANDOVER_TOO_OLD).arg("days", UNDO_DAYS))
        }
        Some(_) if !giver_there => Err(Error::failed_precondition(&reason::HANDOVER_GIVER_GONE)),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_receiver(share: i32, regions: &[&str]) -> Receiver {
        let regions = regions.iter().map(|code| (*code).to_owned()).collect();
        Receiver { employee_id: Uuid::now_v7(), share, regions }
    }

    #[test]
    fn customers_are_spread_by_shares_wherever_it_goes_on() {
        let receivers = [a_receiver(1, &[]), a_receiver(2, &[])];
        let mut spread = Spread::new(&receivers, |_| 0);
        let mut given = [0_i64; 2];
        for _ in 0..10 {
            let id = spread.next("").unwrap();
            given[usize::from(receivers[1].employee_id == id)] += 1;
        }
        assert!(given == [3, 7] || given == [4, 6], "{given:?}");
        // Broken off and begun again, it ends as if it had not been.
        let mut resumed = Spread::new(&receivers, |id| given[usize::from(receivers[1].employee_id == id)]);
        for _ in 0..20 {
            let id = resumed.next("").unwrap();
            given[usize::from(receivers[1].employee_id == id)] += 1;
        }
        assert_eq!(given, [10, 20]);
    }

    #[test]
    fn the_closest_region_decides_before_the_share() {
        let receivers = [a_receiver(1, &["330000"]), a_receiver(1, &["330100", "310000"]), a_receiver(100, &[])];
        let mut spread = Spread::new(&receivers, |_| 0);
        for (region, place) in
            [("330106", 1), ("330203", 0), ("330206", 0), ("310115", 1), ("110000", 2), ("", 2), ("330000", 0)]
        {
            assert_eq!(spread.next(region), Some(receivers[place].employee_id), "{region}");
        }
        assert_eq!(Spread::new(&receivers[..1], |_| 0).next("11"), None);
    }

    #[test]
    fn what_comes_back_comes_back_in_time_and_to_somebody() {
        let [now, long_ago] = [Utc::now(), Utc::now() - TimeDelta::days(31)];
        let refusal = |state, time, active| check_undo(state, time, active).err().map(|error| error.reason().id);
        assert_eq!(refusal(HandoverState::Completed, now, true), None);
        assert_eq!(refusal(HandoverState::Failed, now, true), None);
        assert_eq!(refusal(HandoverState::Completed, now, false), Some("HANDOVER_GIVER_GONE"));
        assert_eq!(refusal(HandoverState::Completed, long_ago, true), Some("HANDOVER_TOO_OLD"));
        for state in [HandoverState::Running, HandoverState::Undoing, HandoverState::Undone] {
            assert_eq!(refusal(state, now, true), Some("HANDOVER_NOT_DONE"));
        }
    }
}
