//! Who may be contacted, and what can be recorded of it. The order of grounds stands in the contract.

use chrono::{DateTime, SecondsFormat, Utc};
use contracts::customers::{Consent, ConsentGround, ConsentState, ContactBan};
use platform::db::FieldChange;
use platform::error::{Error, Reason, Result, reason};
use prost_types::Timestamp;
use uuid::Uuid;

use crate::error::reason as own;

/// Carries out what was agreed with the customer, and so needs no word beforehand.
const SERVICE: &str = "service";
/// The law demands the notice.
const LEGAL: &str = "legal";

/// What is known of a channel and a purpose.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The customer, and the contact where there is one, are in use.
    pub in_use: bool,
    pub ban: Option<Uuid>,
    pub word: Option<Word>,
}

/// The latest that was said.
#[derive(Debug, Clone, Copy)]
pub struct Word {
    pub id: Uuid,
    pub given: bool,
    pub expire_time: Option<DateTime<Utc>>,
}

/// Whether to contact, why, and by which record.
pub fn decide(purpose: &str, known: &Known, now: DateTime<Utc>) -> (bool, ConsentGround, Option<Uuid>) {
    use ConsentGround as Ground;
    if !known.in_use {
        return (false, Ground::Unknown, None);
    }
    if purpose == LEGAL {
        return (true, Ground::Legal, None);
    }
    if let Some(ban) = known.ban {
        return (false, Ground::Banned, Some(ban));
    }
    match known.word {
        Some(word) if !word.given => (false, Ground::Withdrawn, Some(word.id)),
        Some(word) if word.expire_time.is_some_and(|end| end <= now) => (false, Ground::Expired, Some(word.id)),
        Some(word) => (true, Ground::Given, Some(word.id)),
        None if purpose == SERVICE => (true, Ground::Contract, None),
        None => (false, Ground::NothingSaid, None),
    }
}

/// The state as it is now.
pub fn state(stored: i16, expire_time: Option<DateTime<Utc>>, now: DateTime<Utc>) -> ConsentState {
    match stored {
        2 => ConsentState::Withdrawn,
        _ if expire_time.is_some_and(|end| end <= now) => ConsentState::Expired,
        _ => ConsentState::Given,
    }
}

/// When it was said and when it runs out.
pub fn times(consent: &Consent, now: DateTime<Utc>) -> Result<(DateTime<Utc>, Option<DateTime<Utc>>)> {
    let occur_time = time("consent.occur_time", consent.occur_time.as_ref())?.unwrap_or(now);
    if occur_time > now {
        return Err(Error::invalid("consent.occur_time", &own::CONSENT_IN_FUTURE));
    }
    let expire_time = future("consent.expire_time", consent.expire_time.as_ref(), now, &own::CONSENT_EXPIRED)?;
    if expire_time.is_some() && consent.state() == ConsentState::Withdrawn {
        return Err(Error::invalid("consent.expire_time", &own::CONSENT_WITHDRAWAL_EXPIRES));
    }
    Ok((occur_time, expire_time))
}

/// A time that is given, or none; refused unless it lies ahead.
pub fn future(
    field: &str,
    given: Option<&Timestamp>,
    now: DateTime<Utc>,
    past: &'static Reason,
) -> Result<Option<DateTime<Utc>>> {
    match time(field, given)? {
        Some(time) if time <= now => Err(Error::invalid(field, past)),
        time => Ok(time),
    }
}

fn time(field: &str, given: Option<&Timestamp>) -> Result<Option<DateTime<Utc>>> {
    let Some(given) = given else { return Ok(None) };
    let time = u32::try_from(given.nanos).ok().and_then(|nanos| DateTime::from_timestamp(given.seconds, nanos));
    // What the database can hold.
    let known = time.filter(|time| (0..=253_402_300_799).contains(&time.timestamp()));
    known.map(Some).ok_or_else(|| Error::invalid(field, &reason::VALUE_INVALID))
}

/// What the audit trail says of a consent.
pub fn consent_changes(consent: &Consent) -> Vec<FieldChange> {
    let fields = [
        ("channel", consent.channel().as_str_name().to_owned()),
        ("purpose", consent.purpose.clone()),
        ("occur_time", text(consent.occur_time.as_ref())),
        ("expire_time", text(consent.expire_time.as_ref())),
        ("consent_source", consent.source.clone()),
        ("text_version", consent.text_version.clone()),
        ("reference", consent.reference.clone()),
        ("contact_id", consent.contact_id.clone()),
    ];
    said(fields)
}

pub fn ban_changes(ban: &ContactBan) -> Vec<FieldChange> {
    let channel = if ban.channel == 0 { String::new() } else { ban.channel().as_str_name().to_owned() };
    said([
        ("channel", channel),
        ("reason", ban.reason.clone()),
        ("expire_time", text(ban.expire_time.as_ref())),
        ("contact_id", ban.contact_id.clone()),
    ])
}

fn said<const N: usize>(fields: [(&str, String); N]) -> Vec<FieldChange> {
    let fields = fields.into_iter().filter(|(_, value)| !value.is_empty());
    fields.map(|(field, value)| FieldChange::set(field, value)).collect()
}

pub fn text(time: Option<&Timestamp>) -> String {
    let time = time.and_then(|time| DateTime::from_timestamp(time.seconds, 0));
    time.map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_000, 0).unwrap()
    }

    fn known(ban: bool, word: Option<(bool, Option<i64>)>) -> Known {
        let word = word.map(|(given, end)| Word {
            id: Uuid::from_u128(2),
            given,
            expire_time: end.and_then(|end| DateTime::from_timestamp(end, 0)),
        });
        Known { in_use: true, ban: ban.then(|| Uuid::from_u128(1)), word }
    }

    #[test]
    fn what_nobody_allowed_is_not_sent() {
        let ground = |purpose: &str, known: &Known| {
            let (allowed, ground, _) = decide(purpose, known, now());
            (allowed, ground)
        };
        let nothing = known(false, None);
        assert_eq!(ground("marketing", &nothing), (false, ConsentGround::NothingSaid));
        assert_eq!(ground("anything", &nothing), (false, ConsentGround::NothingSaid));
        assert_eq!(ground("service", &nothing), (true, ConsentGround::Contract));
        let given = known(false, Some((true, None)));
        assert_eq!(ground("marketing", &given), (true, ConsentGround::Given));
        assert_eq!(ground("marketing", &known(false, Some((true, Some(1_001))))), (true, ConsentGround::Given));
        assert_eq!(ground("marketing", &known(false, Some((true, Some(1_000))))), (false, ConsentGround::Expired));
        assert_eq!(ground("service", &known(false, Some((false, None)))), (false, ConsentGround::Withdrawn));
        assert_eq!(ground("marketing", &known(true, Some((true, None)))), (false, ConsentGround::Banned));
        assert_eq!(ground("service", &known(true, None)), (false, ConsentGround::Banned));
        assert_eq!(ground("legal", &known(true, Some((false, None)))), (true, ConsentGround::Legal));
        assert_eq!(ground("legal", &Known::default()), (false, ConsentGround::Unknown));
    }

    #[test]
    fn times_lie_on_their_side_of_now() {
        let consent = |state: ConsentState, occur: Option<i64>, end: Option<i64>| {
            let time = |seconds| Timestamp { seconds, nanos: 0 };
            let consent = Consent {
                state: state.into(),
                occur_time: occur.map(time),
                expire_time: end.map(time),
                ..Consent::default()
            };
            times(&consent, now()).map_err(|error| error.violations()[0].field.clone())
        };
        assert_eq!(consent(ConsentState::Given, None, None), Ok((now(), None)));
        assert!(consent(ConsentState::Given, Some(500), Some(1_001)).is_ok());
        for (state, occur, end, field) in [
            (ConsentState::Given, Some(1_001), None, "consent.occur_time"),
            (ConsentState::Given, Some(i64::MAX), None, "consent.occur_time"),
            (ConsentState::Given, Some(-5), None, "consent.occur_time"),
            (ConsentState::Given, None, Some(1_000), "consent.expire_time"),
            (ConsentState::Withdrawn, None, Some(2_000), "consent.expire_time"),
        ] {
            assert_eq!(consent(state, occur, end), Err(field.to_owned()));
        }
    }
}
