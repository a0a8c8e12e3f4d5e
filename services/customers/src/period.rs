//! The days on which something holds.

use chrono::NaiveDate;
use platform::error::{Reason, Violation};

use crate::error::reason as own;

/// First and last day, either of them open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Period {
    pub from: Option<NaiveDate>,
    pub until: Option<NaiveDate>,
}

impl Period {
    /// Of RFC 3339 full-dates, empty where open, or all that is wrong with `valid_from` and `valid_until`. `prefix` stands
    /// before these names, `reversed` is told of a last day before the first.
    pub fn read(prefix: &str, from: &str, until: &str, reversed: &'static Reason) -> Result<Self, Vec<Violation>> {
        let mut violations = Vec::new();
        let mut refuse = |field: &str, reason: &'static Reason| {
            violations.push(Violation { field: format!("{prefix}{field}"), reason, args: Vec::new() });
        };
        let mut day = |field: &str, text: &str| {
            let day = text.parse::<NaiveDate>().ok();
            if day.is_none() && !text.is_empty() {
                refuse(field, &own::DATE_INVALID);
            }
            day
        };
        let period = Self { from: day("valid_from", from), until: day("valid_until", until) };
        if period.from.zip(period.until).is_some_and(|(from, until)| until < from) {
            refuse("valid_until", reversed);
        }
        if violations.is_empty() { Ok(period) } else { Err(violations) }
    }
}

/// An RFC 3339 full-date, empty where there is none.
pub fn text(day: Option<NaiveDate>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(from: &str, until: &str) -> Vec<(String, &'static str)> {
        let violations = Period::read("relation.", from, until, &own::PERIOD_REVERSED).unwrap_err();
        violations.into_iter().map(|violation| (violation.field, violation.reason.id)).collect()
    }

    #[test]
    fn a_period_ends_no_earlier_than_it_begins() {
        assert!(Period::read("", "", "", &own::PERIOD_REVERSED).is_ok());
        assert!(Period::read("", "2024-02-29", "2024-02-29", &own::PERIOD_REVERSED).is_ok());
        assert_eq!(faults("2024-03-01", "2024-02-29"), [("relation.valid_until".into(), "PERIOD_REVERSED")]);
        assert_eq!(
            faults("2023-02-29", "2024-13-01"),
            [("relation.valid_from".into(), "DATE_INVALID"), ("relation.valid_until".into(), "DATE_INVALID")]
        );
    }
}
