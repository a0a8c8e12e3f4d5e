//! `google.protobuf.Timestamp` as RFC 3339 text.

use chrono::DateTime;
use platform::contract::wire::{Malformed, Reader, put_tag, put_varint};

/// The years 1 to 9999.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// Any offset is accepted; a leap second becomes the second after it.
pub fn parse(text: &str) -> Option<(i64, u32)> {
    // chrono also takes a space for the T, which RFC 3339 leaves to those who agree on it.
    if text.as_bytes().get(10).is_none_or(|byte| !matches!(byte, b'T' | b't')) {
        return None;
    }
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    let (mut seconds, mut nanos) = (time.timestamp(), time.timestamp_subsec_nanos());
    if nanos >= 1_000_000_000 {
        seconds += 1;
        nanos -= 1_000_000_000;
    }
    SECONDS.contains(&seconds).then_some((seconds, nanos))
}

/// The fields of the message; explicit zeros are left out as protobuf does it.
pub fn put(out: &mut Vec<u8>, seconds: i64, nanos: u32) {
    if seconds != 0 {
        put_tag(out, 1, 0);
        put_varint(out, seconds as u64);
    }
    if nanos != 0 {
        put_tag(out, 2, 0);
        put_varint(out, u64::from(nanos));
    }
}

pub fn read(wire: &[u8]) -> Result<(i64, u32), Malformed> {
    let (mut seconds, mut nanos) = (0, 0);
    let mut reader = Reader::new(wire);
    while let Some(field) = reader.field() {
        match field? {
            (1, value) => seconds = value.varint()? as i64,
            (2, value) => nanos = u32::try_from(value.varint()?).map_err(|_| Malformed)?,
            _ => {}
        }
    }
    if SECONDS.contains(&seconds) && nanos < 1_000_000_000 { Ok((seconds, nanos)) } else { Err(Malformed) }
}

/// `2026-05-01T08:00:00Z` with no, three, six or nine digits of the second's fraction.
pub fn format(out: &mut Vec<u8>, seconds: i64, nanos: u32) {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400) as u32);
    let (year, month, day) = civil(days);
    digits(out, year, 4);
    for (before, value) in [(b'-', month), (b'-', day), (b'T', rest / 3600), (b':', rest / 60 % 60), (b':', rest % 60)]
    {
        out.push(before);
        digits(out, value, 2);
    }
    if nanos != 0 {
        out.push(b'.');
        match (nanos % 1_000_000, nanos % 1000) {
            (0, _) => digits(out, nanos / 1_000_000, 3),
            (_, 0) => digits(out, nanos / 1000, 6),
            _ => digits(out, nanos, 9),
        }
    }
    out.push(b'Z');
}

fn digits(out: &mut Vec<u8>, mut value: u32, width: usize) {
    let start = out.len();
    out.resize(start + width, b'0');
    for digit in out[start..].iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// Days since 1970 → year, month, day, counted in eras of 400 years that begin in March, so that a leap day is the last
/// of its year.
fn civil(days: i64) -> (u32, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year as u32, month as u32, day as u32)
}

#[cfg(test)]
mod tests {
    use chrono::SecondsFormat;
    use proptest::prelude::*;

    use super::*;

    fn text(seconds: i64, nanos: u32) -> String {
        let mut out = Vec::new();
        format(&mut out, seconds, nanos);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn fractions_have_as_many_digits_as_they_need() {
        assert_eq!(text(0, 0), "1970-01-01T00:00:00Z");
        assert_eq!(text(951_782_400, 500_000_000), "2000-02-29T00:00:00.500Z");
        assert_eq!(text(-1, 1000), "1969-12-31T23:59:59.000001Z");
        assert_eq!(text(253_402_300_799, 999_999_999), "9999-12-31T23:59:59.999999999Z");
        assert_eq!(text(-62_135_596_800, 0), "0001-01-01T00:00:00Z");
    }

    #[test]
    fn only_times_with_an_offset_are_taken() {
        assert_eq!(parse("2026-05-01T08:00:00+08:00"), parse("2026-05-01T00:00:00Z"));
        assert_eq!(parse("1970-01-01T00:00:00.5Z"), Some((0, 500_000_000)));
        assert_eq!(parse("2016-12-31T23:59:60Z"), parse("2017-01-01T00:00:00Z"));
        let faulty = [
            "",
            "2026-05-01",
            "2026-05-01T08:00:00",
            "2026-05-01 08:00:00Z",
            "2026-02-30T00:00:00Z",
            "0000-01-01T00:00:00Z",
        ];
        for text in faulty {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn formats_as_chrono_does(seconds in SECONDS, nanos in 0u32..1_000_000_000) {
            let expected = DateTime::from_timestamp(seconds, nanos).unwrap().to_rfc3339_opts(SecondsFormat::AutoSi, true);
            prop_assert_eq!(text(seconds, nanos), expected);
        }

        #[test]
        fn what_was_written_is_read(seconds in SECONDS, nanos in 0u32..1_000_000_000) {
            prop_assert_eq!(parse(&text(seconds, nanos)), Some((seconds, nanos)));
            let mut wire = Vec::new();
            put(&mut wire, seconds, nanos);
            prop_assert_eq!(read(&wire), Ok((seconds, nanos)));
        }
    }
}
