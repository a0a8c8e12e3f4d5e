//! Numbers with separators, and yes and no.

use rust_decimal::Decimal;

use super::plain;

/// At most as many digits as `FieldValue.decimal_value` takes.
const WHOLE: usize = 20;
const FRACTION: usize = 8;

/// In plain notation: thousands separators and the sign of the yuan go.
pub fn decimal(cell: &str) -> Option<String> {
    let text = plain(cell);
    let (sign, text) = match text.strip_prefix(['-', '−']) {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(&text)),
    };
    let text = text.trim_start_matches(['¥', '￥']).trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole = ungrouped(whole)?;
    let fraction = fraction.trim_end_matches('0');
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(fraction) || whole.len() > WHOLE || fraction.len() > FRACTION {
        return None;
    }
    let number = if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") };
    number.parse::<Decimal>().ok()?;
    Some(number)
}

/// Whole digits without their separators, which must stand where they belong.
fn ungrouped(whole: &str) -> Option<String> {
    let mut groups = whole.split([',', '\'', ' ', '\u{a0}']);
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let grouped = rest.is_empty() || ((1..=3).contains(&first.len()) && rest.iter().all(|group| group.len() == 3));
    let text = format!("{first}{}", rest.concat());
    (grouped && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

pub fn integer(cell: &str) -> Option<i64> {
    decimal(cell)?.parse().ok()
}

pub fn boolean(cell: &str) -> Option<bool> {
    match plain(cell).to_lowercase().as_str() {
        "是" | "有" | "对" | "真" | "yes" | "y" | "true" | "t" | "1" | "√" | "✓" | "✔" => Some(true),
        "否" | "无" | "没有" | "不是" | "错" | "假" | "no" | "n" | "false" | "f" | "0" | "×" | "✗" | "✘" => {
            Some(false)
        }
        _ => None,
    }
}
