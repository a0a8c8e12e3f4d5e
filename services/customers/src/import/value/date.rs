//! Dates and times as people and spreadsheets write them: year first, or last where that leaves no doubt of the month.

use chrono::{DateTime, Datelike, Days, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};

use super::plain;

/// Serial numbers of spreadsheets that stand for days of 1927 to 2173; shorter numbers are years or typing errors.
const SERIALS: std::ops::RangeInclusive<u64> = 10_000..=99_999;

/// The day of `2024-1-5`, `2024/01/05`, `2024.1.5`, `2024年1月5日`, `20240105`, `5 Jan 2024`, `Jan 5, 2024`, `13/5/2024` or
/// `5/13/2024`, with or without a time, or of a serial number. `1/5/2024` may be either of two days.
pub fn date(cell: &str) -> Option<NaiveDate> {
    moment(&plain(cell)).map(|(day, _)| day)
}

/// The same with its time; without a zone of its own it is a time of `zone`, without a time the begin of the day.
pub fn timestamp(cell: &str, zone: FixedOffset) -> Option<DateTime<Utc>> {
    let cell = plain(cell);
    if let Ok(time) = DateTime::parse_from_rfc3339(&cell.replacen(' ', "T", 1)) {
        return Some(time.to_utc());
    }
    let (day, time) = moment(&cell)?;
    let local = NaiveDateTime::new(day, time.unwrap_or_default());
    Some(zone.from_local_datetime(&local).single()?.to_utc())
}

fn moment(cell: &str) -> Option<(NaiveDate, Option<NaiveTime>)> {
    let (day, rest) = day(cell)?;
    let rest = rest.trim_start_matches(['T', 't', ' ', ',']);
    if rest.is_empty() {
        return Some((day, None));
    }
    // Something must divide the two.
    (rest.len() < cell.len() && cell[..cell.len() - rest.len()].ends_with(['T', 't', ' ', ',', '日', '号']))
        .then(|| time(rest))
        .flatten()
        .map(|time| (day, Some(time)))
}

/// The day at the beginning, and what follows.
fn day(cell: &str) -> Option<(NaiveDate, &str)> {
    year_first(cell).or_else(|| year_last(cell))
}

fn year_last(cell: &str) -> Option<(NaiveDate, &str)> {
    let between = |rest: &'_ str| -> usize { rest.len() - rest.trim_start_matches([' ', '-', '/', '.', ',']).len() };
    let (first, rest) = part(cell)?;
    let rest = &rest[Some(between(rest)).filter(|width| *width > 0)?..];
    let (second, rest) = part(rest)?;
    let rest = &rest[Some(between(rest)).filter(|width| *width > 0)?..];
    let (year, rest) = digits(rest).filter(|(year, _)| year.len() == 4)?;
    let (month, day) = match (first, second) {
        (Part::Month(month), Part::Number(day)) | (Part::Number(day), Part::Month(month)) => (month, day),
        (Part::Number(day), Part::Number(month)) if day > 12 || day == month => (month, day),
        (Part::Number(month), Part::Number(day)) if day > 12 => (month, day),
        _ => return None,
    };
    let day = NaiveDate::from_ymd_opt(year.parse().ok()?, month, day).filter(|day| day.year() > 0)?;
    Some((day, rest))
}

enum Part {
    Number(u32),
    Month(u32),
}

/// A number of one or two digits, or the English name of a month, whole or its first three letters.
fn part(text: &str) -> Option<(Part, &str)> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    if let Some((number, rest)) = digits(text) {
        return (number.len() <= 2).then(|| Some((Part::Number(number.parse().ok()?), rest)))?;
    }
    let text = text.trim_start();
    let (word, rest) = text.split_at(text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len()));
    let word = word.to_ascii_lowercase();
    let is = |month: &str| word == month || word == month[..3] || word == "sept" && month == "september";
    Some((Part::Month(MONTHS.iter().position(|month| is(month))? as u32 + 1), rest))
}

fn year_first(cell: &str) -> Option<(NaiveDate, &str)> {
    let (year, rest) = digits(cell)?;
    if year.len() == 8 {
        let day = valid(&year[..4], &year[4..6], &year[6..])?;
        return Some((day, rest));
    }
    if year.len() == 5 && (rest.is_empty() || rest.starts_with('.')) {
        return serial(year, rest);
    }
    if year.len() != 4 {
        return None;
    }
    let rest = separated(rest, &['-', '/', '.', '年'])?;
    let (month, rest) = digits(rest)?;
    let rest = separated(rest, &['-', '/', '.', '月'])?;
    let (day, rest) = digits(rest)?;
    let rest = rest.trim_start().strip_prefix(['日', '号']).unwrap_or(rest);
    Some((valid(year, month, day)?, rest))
}

fn digits(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

fn separated<'t>(text: &'t str, separators: &[char]) -> Option<&'t str> {
    text.trim_start().strip_prefix(separators)
}

fn valid(year: &str, month: &str, day: &str) -> Option<NaiveDate> {
    if month.len() > 2 || day.len() > 2 {
        return None;
    }
    let year: i32 = year.parse().ok()?;
    NaiveDate::from_ymd_opt(year, month.parse().ok()?, day.parse().ok()?).filter(|_| year > 0)
}

/// Days since the end of 1899 by the count of spreadsheets; a fraction is a time of the day.
fn serial<'t>(number: &str, rest: &'t str) -> Option<(NaiveDate, &'t str)> {
    let number: u64 = number.parse().ok()?;
    let fraction = rest.strip_prefix('.').unwrap_or_default();
    if !SERIALS.contains(&number) || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((NaiveDate::from_ymd_opt(1899, 12, 30)?.checked_add_days(Days::new(number))?, ""))
}

/// `9:30`, `09:30:00`, `09:30:00.000`, `9时30分`, with 上午/下午 or AM/PM.
fn time(text: &str) -> Option<NaiveTime> {
    let lower = text.trim().to_lowercase();
    let mut text = lower.as_str();
    let mut afternoon = None;
    for (mark, is) in [("上午", false), ("下午", true), ("am", false), ("pm", true)] {
        if let Some(rest) = text.strip_prefix(mark).or_else(|| text.strip_suffix(mark)) {
            (text, afternoon) = (rest.trim(), Some(is));
        }
    }
    let text = text.replace(['时', '点', '分'], ":").replace('秒', "");
    let mut parts = text.trim_end_matches(':').splitn(3, ':');
    let mut hour: u32 = parts.next()?.trim().parse().ok()?;
    let minute: u32 = parts.next().map_or(Some(0), |part| part.trim().parse().ok())?;
    let second = parts.next().unwrap_or("0").trim().trim_end_matches('z');
    let second: u32 = second.split('.').next()?.parse().ok()?;
    match afternoon {
        Some(true) if hour < 12 => hour += 12,
        Some(false) if hour == 12 => hour = 0,
        _ => {}
    }
    NaiveTime::from_hms_opt(hour, minute, second)
}
