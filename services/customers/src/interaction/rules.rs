//! What an interaction must be, and how it goes on: planned → done or cancelled. What is done stays done, its text can
//! still be corrected; what is cancelled stays as it is.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::customers::{Interaction, InteractionState};
use platform::db::{FieldChange, timestamp};
use platform::error::{Error, Reason, Result, Violation, reason};
use serde_json::Value;

use super::filter::instant;
use crate::audit::Changes;
use crate::error::reason as own;
use crate::field::sight::add_changes;

pub const MUTABLE: [&str; 15] = [
    "type",
    "state",
    "subject",
    "content",
    "occur_time",
    "duration_minutes",
    "contact_ids",
    "employee_id",
    "next_step",
    "next_step_time",
    "place",
    "latitude",
    "longitude",
    "custom_fields",
    "custom_fields.*",
];

/// By how much the clocks of callers may be ahead.
const SKEW: TimeDelta = TimeDelta::minutes(5);

/// Takes the fields at `paths`, all of `MUTABLE`, from `wanted`. A state left out is DONE.
pub fn apply(interaction: &mut Interaction, wanted: &Interaction, paths: &[&str]) {
    for path in paths {
        match *path {
            "type" => interaction.r#type = wanted.r#type,
            "state" => {
                interaction.state = match wanted.state() {
                    InteractionState::Unspecified => InteractionState::Done as i32,
                    state => state as i32,
                };
            }
            "subject" => interaction.subject = wanted.subject.trim().to_owned(),
            "content" => interaction.content.clone_from(&wanted.content),
            "occur_time" => interaction.occur_time = wanted.occur_time.as_ref().and_then(instant).map(timestamp),
            "duration_minutes" => interaction.duration_minutes = wanted.duration_minutes,
            "contact_ids" => interaction.contact_ids = wanted.contact_ids.iter().map(|id| id.to_lowercase()).collect(),
            "employee_id" => interaction.employee_id = wanted.employee_id.to_lowercase(),
            "next_step" => interaction.next_step = wanted.next_step.trim().to_owned(),
            "next_step_time" => {
                interaction.next_step_time = wanted.next_step_time.as_ref().and_then(instant).map(timestamp);
            }
            "place" => interaction.place = wanted.place.trim().to_owned(),
            "latitude" => interaction.latitude = wanted.latitude,
            "longitude" => interaction.longitude = wanted.longitude,
            // Custom fields are taken over as JSON.
            _ => {}
        }
    }
}

/// All that is wrong. `before` is the state that the interaction had; UNSPECIFIED for a new one.
pub fn check(interaction: &Interaction, before: InteractionState, now: DateTime<Utc>) -> Result<Vec<Violation>> {
    if before == InteractionState::Cancelled {
        return Err(Error::failed_precondition(&own::INTERACTION_CANCELLED));
    }
    let mut violations = Vec::new();
    let mut refuse = |path: &str, reason: &'static Reason| {
        violations.push(Violation { field: format!("interaction.{path}"), reason, args: Vec::new() });
    };
    if interaction.r#type == 0 {
        refuse("type", &reason::VALUE_REQUIRED);
    }
    if interaction.subject.is_empty() {
        refuse("subject", &reason::VALUE_REQUIRED);
    }
    let follows = matches!(
        (before, interaction.state()),
        (InteractionState::Unspecified | InteractionState::Planned, InteractionState::Planned | InteractionState::Done)
            | (InteractionState::Done, InteractionState::Done)
    );
    if !follows {
        refuse("state", &own::INTERACTION_STATE_REFUSED);
    }
    match interaction.occur_time.as_ref().and_then(instant) {
        None => refuse("occur_time", &reason::VALUE_REQUIRED),
        Some(time) if interaction.state() == InteractionState::Done && time > now + SKEW => {
            refuse("occur_time", &own::INTERACTION_IN_FUTURE);
        }
        Some(_) => {}
    }
    match (interaction.latitude, interaction.longitude) {
        (Some(_), None) => refuse("longitude", &own::INTERACTION_PLACE_INCOMPLETE),
        (None, Some(_)) => refuse("latitude", &own::INTERACTION_PLACE_INCOMPLETE),
        _ => {}
    }
    Ok(violations)
}

pub fn changes(
    (before, before_custom): (&Interaction, &Value),
    (after, after_custom): (&Interaction, &Value),
) -> Vec<FieldChange> {
    let mut changes = Changes::default();
    if before.r#type != after.r#type {
        changes.add("type", before.r#type().as_str_name(), after.r#type().as_str_name());
    }
    if before.state != after.state {
        changes.add("state", before.state().as_str_name(), after.state().as_str_name());
    }
    changes.add("subject", &before.subject, &after.subject);
    changes.add("content", &before.content, &after.content);
    changes.add("occur_time", time_text(before.occur_time.as_ref()), time_text(after.occur_time.as_ref()));
    changes.add("duration_minutes", before.duration_minutes, after.duration_minutes);
    changes.add("contact_ids", before.contact_ids.join(", "), after.contact_ids.join(", "));
    changes.add("employee_id", &before.employee_id, &after.employee_id);
    changes.add("next_step", &before.next_step, &after.next_step);
    changes.add("next_step_time", time_text(before.next_step_time.as_ref()), time_text(after.next_step_time.as_ref()));
    changes.add("place", &before.place, &after.place);
    changes.add("latitude", degrees_text(before.latitude), degrees_text(after.latitude));
    changes.add("longitude", degrees_text(before.longitude), degrees_text(after.longitude));
    changes.add("cancel_reason", &before.cancel_reason, &after.cancel_reason);
    add_changes(&mut changes, before_custom, after_custom);
    changes.into()
}

fn time_text(time: Option<&prost_types::Timestamp>) -> String {
    time.and_then(instant).map(|time| time.to_rfc3339()).unwrap_or_default()
}

fn degrees_text(degrees: Option<f64>) -> String {
    degrees.map(|degrees| degrees.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use InteractionState::{Cancelled, Done, Planned, Unspecified};

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-03-01T08:00:00Z".parse().unwrap()
    }

    fn a_visit(state: InteractionState, minutes: i64) -> Interaction {
        Interaction {
            r#type: 1,
            state: state as i32,
            subject: "拜访".into(),
            occur_time: Some(timestamp(now() + TimeDelta::minutes(minutes))),
            ..Interaction::default()
        }
    }

    fn fault(interaction: &Interaction, before: InteractionState) -> Option<&'static str> {
        match check(interaction, before, now()) {
            Ok(violations) => violations.first().map(|violation| violation.reason.id),
            Err(error) => Some(error.reason().id),
        }
    }

    #[test]
    fn what_is_done_lies_in_the_past_but_for_clocks_ahead() {
        assert_eq!(fault(&a_visit(Done, 5), Unspecified), None);
        assert_eq!(fault(&a_visit(Done, 6), Unspecified), Some("INTERACTION_IN_FUTURE"));
        assert_eq!(fault(&a_visit(Planned, 6), Unspecified), None);
        assert_eq!(fault(&a_visit(Planned, -6), Unspecified), None);
    }

    #[test]
    fn only_the_planned_goes_on() {
        for (before, after, refusal) in [
            (Unspecified, Planned, None),
            (Unspecified, Done, None),
            (Unspecified, Cancelled, Some("INTERACTION_STATE_REFUSED")),
            (Planned, Planned, None),
            (Planned, Done, None),
            (Planned, Cancelled, Some("INTERACTION_STATE_REFUSED")),
            (Done, Done, None),
            (Done, Planned, Some("INTERACTION_STATE_REFUSED")),
            (Done, Cancelled, Some("INTERACTION_STATE_REFUSED")),
            (Cancelled, Planned, Some("INTERACTION_CANCELLED")),
            (Cancelled, Done, Some("INTERACTION_CANCELLED")),
            (Cancelled, Cancelled, Some("INTERACTION_CANCELLED")),
        ] {
            assert_eq!(fault(&a_visit(after, -1), before), refusal, "{before:?} → {after:?}");
        }
    }

    #[test]
    fn a_place_has_both_degrees() {
        let mut visit = Interaction { latitude: Some(30.2), ..a_visit(Done, -1) };
        assert_eq!(fault(&visit, Unspecified), Some("INTERACTION_PLACE_INCOMPLETE"));
        visit.longitude = Some(120.1);
        assert_eq!(fault(&visit, Unspecified), None);
    }

    #[test]
    fn a_state_left_out_is_done() {
        let mut visit = a_visit(Planned, -1);
        apply(&mut visit, &Interaction::default(), &["state"]);
        assert_eq!(visit.state(), Done);
    }

    #[test]
    fn times_are_kept_to_the_microsecond() {
        let mut visit = a_visit(Planned, -1);
        let time = prost_types::Timestamp { seconds: 1_700_000_000, nanos: 123_456_789 };
        apply(&mut visit, &Interaction { occur_time: Some(time), ..Interaction::default() }, &["occur_time"]);
        assert_eq!(visit.occur_time.unwrap().nanos, 123_456_000);
    }
}
