//! What may follow what. Pure: no row changes its state but by these.

use chrono::NaiveDate;
use contracts::customers::{ChurnRule, ChurnState, CustomerStage};
use platform::error::{Error, reason as common};
use platform::filter::{Column, Field, FieldType, Schema};

use crate::customer::rules::parse_date;
use crate::error::reason;

/// What somebody does in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Reprieve,
    Confirm,
    Save,
}

/// The state that a step leads to.
pub fn next(state: ChurnState, step: Step) -> Result<ChurnState, Error> {
    match (state, step) {
        (ChurnState::Warned | ChurnState::Reprieved, Step::Reprieve) => Ok(ChurnState::Reprieved),
        (ChurnState::Warned | ChurnState::Reprieved, Step::Confirm) => Ok(ChurnState::Lost),
        (ChurnState::Warned | ChurnState::Reprieved, Step::Save) => Ok(ChurnState::Saved),
        (ChurnState::Lost | ChurnState::Saved | ChurnState::Unspecified, _) => {
            Err(Error::failed_precondition(&reason::CHURN_CASE_ENDED))
        }
    }
}

/// Whether a customer may go from one stage to another.
pub fn may_move(before: CustomerStage, after: CustomerStage) -> bool {
    use CustomerStage::{Acquire, Ended, Retain, WinBack};
    matches!((before, after), (Acquire | WinBack, Retain) | (Acquire | Retain | WinBack, Ended) | (Ended, WinBack))
}

/// The stage that a case's end brings about, if another one.
pub fn stage_after(state: ChurnState, stage: CustomerStage) -> Option<CustomerStage> {
    let after = match state {
        ChurnState::Lost => CustomerStage::Ended,
        ChurnState::Saved if stage == CustomerStage::WinBack => CustomerStage::Retain,
        _ => return None,
    };
    may_move(stage, after).then_some(after)
}

pub fn due_date(text: &str, today: NaiveDate) -> Result<NaiveDate, Error> {
    match parse_date(text) {
        None => Err(Error::invalid("due_date", &reason::DATE_INVALID)),
        Some(date) if date < today => Err(Error::invalid("due_date", &reason::DATE_IN_PAST)),
        Some(date) => Ok(date),
    }
}

pub const MUTABLE: [&str; 4] = ["label", "filter", "due_days", "quiet_days"];

/// Takes the named fields over.
pub fn apply(rule: &mut ChurnRule, wanted: &ChurnRule, paths: &[&str]) {
    for path in paths {
        match *path {
            "label" => wanted.label.trim().clone_into(&mut rule.label),
            "filter" => rule.filter.clone_from(&wanted.filter),
            "due_days" => rule.due_days = wanted.due_days,
            _ => rule.quiet_days = wanted.quiet_days,
        }
    }
}

pub fn check(rule: &ChurnRule) -> Result<(), Error> {
    if rule.label.is_empty() {
        return Err(Error::invalid("churn_rule.label", &common::VALUE_REQUIRED));
    }
    Ok(())
}

/// The judging of rules itself changes it.
pub fn is_barred(field: &str) -> bool {
    ["update_time", "update_user_id"].contains(&field)
}

/// What lists of cases may be filtered by; the case is `k`.
pub fn case_schema() -> Schema {
    let states = [("WARNED", 1), ("REPRIEVED", 2), ("LOST", 3), ("SAVED", 4)];
    let states = states
        .into_iter()
        .flat_map(|(name, number)| [(name.to_owned(), number), (format!("CHURN_STATE_{name}"), number)]);
    Schema::new()
        .with(Field::new("id", FieldType::Uuid, Column::sql("k.id")).sortable().not_null())
        .with(Field::new("due_date", FieldType::Date, Column::sql("k.due_date")).sortable().not_null())
        .field("state", FieldType::int_enum(states), Column::sql("k.state"))
        .field("owner_id", FieldType::Uuid, Column::sql("k.owner_id"))
        .field("customer_id", FieldType::Uuid, Column::sql("k.customer_id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [ChurnState; 5] =
        [ChurnState::Unspecified, ChurnState::Warned, ChurnState::Reprieved, ChurnState::Lost, ChurnState::Saved];

    #[test]
    fn what_has_ended_stays_ended() {
        for state in STATES {
            for step in [Step::Reprieve, Step::Confirm, Step::Save] {
                let open = matches!(state, ChurnState::Warned | ChurnState::Reprieved);
                assert_eq!(next(state, step).is_ok(), open, "{state:?} {step:?}");
            }
        }
        assert_eq!(next(ChurnState::Warned, Step::Reprieve).ok(), Some(ChurnState::Reprieved));
        assert_eq!(next(ChurnState::Reprieved, Step::Confirm).ok(), Some(ChurnState::Lost));
        assert_eq!(next(ChurnState::Warned, Step::Save).ok(), Some(ChurnState::Saved));
    }

    #[test]
    fn stages_follow_each_other() {
        use CustomerStage::{Acquire, Ended, Retain, Unspecified, WinBack};
        let all = [Unspecified, Acquire, Retain, Ended, WinBack];
        let allowed: Vec<(CustomerStage, CustomerStage)> = all
            .into_iter()
            .flat_map(|before| all.map(|after| (before, after)))
            .filter(|(before, after)| may_move(*before, *after))
            .collect();
        let expected = [
            (Acquire, Retain),
            (Acquire, Ended),
            (Retain, Ended),
            (Ended, WinBack),
            (WinBack, Retain),
            (WinBack, Ended),
        ];
        assert_eq!(allowed, expected);
        assert_eq!(stage_after(ChurnState::Lost, Retain), Some(Ended));
        assert_eq!(stage_after(ChurnState::Lost, Ended), None);
        assert_eq!(stage_after(ChurnState::Saved, WinBack), Some(Retain));
        assert_eq!(stage_after(ChurnState::Saved, Acquire), None);
        assert_eq!(stage_after(ChurnState::Reprieved, Retain), None);
    }
}
