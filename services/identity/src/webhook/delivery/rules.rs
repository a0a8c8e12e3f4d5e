//! What follows from an attempt.

use chrono::{DateTime, TimeDelta, Utc};

use crate::webhook::endpoint::rules::DisableReason;
use crate::webhook::transport::Outcome;

/// The pauses after the first, second … failure, in seconds: about a day in all.
pub const PAUSES: [i64; 9] = [5, 30, 2 * 60, 10 * 60, 30 * 60, 3600, 3 * 3600, 6 * 3600, 12 * 3600];

/// As far as a receiver may put a message off.
const MOST_RETRY_AFTER: TimeDelta = TimeDelta::hours(12);

/// An endpoint that takes nothing for so long is disabled.
const PATIENCE: TimeDelta = TimeDelta::hours(24);

const GONE: i32 = 410;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Delivered,
    /// After a pause.
    Again(TimeDelta),
    Failed,
}

/// What an attempt means for its delivery. `step` counts the attempts before; a message that only tries the endpoint is
/// not sent again.
pub fn verdict(outcome: &Outcome, step: i32, once: bool) -> Verdict {
    if (200..300).contains(&outcome.status_code) {
        return Verdict::Delivered;
    }
    let pause = usize::try_from(step).ok().and_then(|step| PAUSES.get(step));
    match pause {
        Some(pause) if !once && outcome.status_code != GONE => {
            let asked = outcome.retry_after.and_then(|asked| TimeDelta::from_std(asked).ok()).unwrap_or_default();
            Verdict::Again(TimeDelta::seconds(*pause).max(asked.min(MOST_RETRY_AFTER)))
        }
        _ => Verdict::Failed,
    }
}

/// Why a failed attempt ends the endpoint, when it does.
pub fn disabling(outcome: &Outcome, failing_since: DateTime<Utc>, now: DateTime<Utc>) -> Option<DisableReason> {
    match outcome.status_code {
        GONE => Some(DisableReason::Gone),
        _ if now - failing_since >= PATIENCE => Some(DisableReason::Failing),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn answered(status_code: i32) -> Outcome {
        Outcome { status_code, ..Outcome::default() }
    }

    #[test]
    fn pauses_grow_over_a_day_and_end() {
        let pauses: Vec<Verdict> = (0..10).map(|step| verdict(&answered(500), step, false)).collect();
        assert_eq!(pauses[0], Verdict::Again(TimeDelta::seconds(5)));
        assert_eq!(pauses[8], Verdict::Again(TimeDelta::hours(12)));
        assert_eq!(pauses[9], Verdict::Failed);
        assert!((20..24).contains(&(PAUSES.iter().sum::<i64>() / 3600)));
        for (status, step, once, expected) in [
            (200, 0, false, Verdict::Delivered),
            (204, 9, false, Verdict::Delivered),
            (301, 0, false, Verdict::Again(TimeDelta::seconds(5))),
            (404, 1, false, Verdict::Again(TimeDelta::seconds(30))),
            (410, 0, false, Verdict::Failed),
            (500, 0, true, Verdict::Failed),
            (0, 2, false, Verdict::Again(TimeDelta::minutes(2))),
        ] {
            assert_eq!(verdict(&answered(status), step, once), expected, "{status} {step}");
        }
    }

    #[test]
    fn a_receiver_may_put_a_message_off_within_bounds() {
        let asked = |seconds| Outcome { retry_after: Some(Duration::from_secs(seconds)), ..answered(429) };
        assert_eq!(verdict(&asked(1), 1, false), Verdict::Again(TimeDelta::seconds(30)));
        assert_eq!(verdict(&asked(90), 1, false), Verdict::Again(TimeDelta::seconds(90)));
        assert_eq!(verdict(&asked(u64::MAX), 1, false), Verdict::Again(TimeDelta::seconds(30)));
        assert_eq!(verdict(&asked(1_000_000), 1, false), Verdict::Again(TimeDelta::hours(12)));
    }

    #[test]
    fn an_endpoint_goes_after_a_day_of_failures_or_when_it_says_so() {
        let now = Utc::now();
        let ago = |hours| now - TimeDelta::hours(hours);
        assert_eq!(disabling(&answered(500), ago(23), now), None);
        assert_eq!(disabling(&answered(0), ago(24), now), Some(DisableReason::Failing));
        assert_eq!(disabling(&answered(410), now, now), Some(DisableReason::Gone));
    }
}
