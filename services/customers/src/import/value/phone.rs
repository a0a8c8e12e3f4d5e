//! Phones as people type them.

use super::plain;
use crate::search::text::phone_digits;

/// The phone half-width, otherwise as typed; `None` when nobody could be reached by it.
pub fn phone(cell: &str) -> Option<String> {
    let text = plain(cell);
    let text = match text.split_once('.') {
        // A number that went through a program.
        Some((whole, "0" | "00")) if whole.bytes().all(|byte| byte.is_ascii_digit()) => whole.to_owned(),
        _ => text,
    };
    let lower = text.to_lowercase();
    let extension = lower.find(['转', '分', 'x', 'e', '#']).unwrap_or(lower.len());
    let (number, extension) = lower.split_at(extension);
    if !number.chars().all(|c| {
        c.is_ascii_digit() || matches!(c, '+' | '-' | '(' | ')' | ' ' | '.' | '/' | ',' | ';' | '、' | '–' | '—')
    }) {
        return None;
    }
    let marks = ["转", "分机", "分", "ext.", "ext", "x", "#", " ", ":", ".", "-"];
    let mut inner = extension;
    while let Some(rest) = marks.iter().find_map(|mark| inner.strip_prefix(mark)) {
        inner = rest;
    }
    if !inner.bytes().all(|byte| byte.is_ascii_digit()) || inner.len() > 8 {
        return None;
    }
    let digits = phone_digits(&text);
    let foreign = text.trim_start_matches(['(', ' ']).starts_with('+')
        && !text.trim_start_matches(['(', ' ', '+']).starts_with("86");
    // Short numbers are those of services; 1 3–9 begins a mobile number of eleven digits.
    let mobile = digits.starts_with('1') && digits.len() >= 8 && matches!(digits.as_bytes()[1], b'3'..=b'9');
    let fits = (3..=20).contains(&digits.len()) && (foreign || !mobile || digits.len() == 11);
    fits.then_some(text)
}
