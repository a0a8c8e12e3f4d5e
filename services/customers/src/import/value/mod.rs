//! What people type into cells, made into values: dates, phones, numbers, yes and no. Names of codes are in `names`; `kind` tells companies
//! from people.

mod date;
pub mod kind;
pub mod names;
mod number;
mod phone;
mod region;

pub use date::{date, timestamp};
pub use number::{boolean, decimal, integer};
pub use phone::phone;

use unicode_normalization::UnicodeNormalization;

/// Half-width, without blanks around it.
pub fn plain(cell: &str) -> String {
    if cell.is_ascii() {
        return cell.trim().to_owned();
    }
    let text: String = cell.nfkc().collect();
    text.trim().to_owned()
}

/// One line: line breaks and other control characters become blanks.
pub fn line(cell: &str) -> String {
    let cell = cell.trim();
    if !cell.contains(char::is_control) {
        return cell.to_owned();
    }
    let words: Vec<&str> =
        cell.split(|c: char| c.is_control()).map(str::trim).filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests;
