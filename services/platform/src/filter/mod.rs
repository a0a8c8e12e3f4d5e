//! The one expression language of the product: AIP-160 filters over typed fields, custom fields included, for
//! lists, saved views, report filters, segments and sharing rules. Text → `parse` → `check` against a `Schema` →
//! `Predicate`, which runs as SQL or in memory with the same answer; `OrderBy` sorts and pages by the same fields.
//!
//! # Meaning
//! - A missing value (NULL, an absent or null custom field) meets no comparison, so it meets every `!=`.
//!   Everything is two-valued: `NOT (a = 1)` is true exactly where `a = 1` isn't.
//! - `field:*` tests presence; an empty string or list counts as absent.
//! - `:` finds a substring in a string, an element in a list, a code or anything below it in a tree of codes,
//!   and equals `=` otherwise. With `*` in the value, `=`, `!=` and `:` compare with the whole text as a pattern.
//! - `String` compares by bytes (collation "C"), `Text` after folding the letters A to Z, and no others: the one
//!   case folding that doesn't depend on the locale of a database.
//! - A date against a timestamp field means that whole day in the caller's zone: `<= 2026-01-31` includes the
//!   31st, and `= today()` is anything that happened today.

mod check;
mod error;
mod lexer;
mod order;
mod parser;
mod predicate;
mod schema;
mod sql;
#[cfg(test)]
mod tests;
mod value;

use std::fmt;

use chrono::{DateTime, FixedOffset, NaiveDate};
use uuid::Uuid;

pub use self::check::{branch, check};
pub use self::error::{Expected, FilterError, FilterErrorKind, Limit};
pub use self::lexer::Literal;
pub use self::order::OrderBy;
pub use self::parser::{Argument, ArgumentKind, Expression, Node, Restriction, parse};
pub use self::predicate::Predicate;
pub use self::schema::{Column, EnumValues, Field, FieldType, Schema};
pub use self::sql::json_index_expression;
pub use self::value::{Row, Value};

pub const MAX_CHARACTERS: usize = 4_000;
pub const MAX_DEPTH: usize = 32;
pub const MAX_RESTRICTIONS: usize = 100;
pub const MAX_WILDCARDS: usize = 8;
pub const MAX_SORT_FIELDS: usize = 5;

/// Parses and checks in one step.
pub fn compile(text: &str, schema: &Schema) -> Result<Predicate, FilterError> {
    check(&parse(text)?, schema)
}

/// What the functions of a filter refer to. It's given at evaluation, so a saved filter stays relative.
#[derive(Clone, Debug)]
pub struct EvalContext {
    /// The instant of `now()`; its offset is the caller's, and says where a day begins.
    pub now: DateTime<FixedOffset>,
    /// `today()` and the day that `days_ago(n)` counts from.
    pub today: NaiveDate,
    /// `me()`; without a caller every comparison with `me()` is one with a missing value.
    pub me: Option<Uuid>,
}

impl EvalContext {
    pub fn at(now: DateTime<FixedOffset>, me: Option<Uuid>) -> Self {
        Self { now, today: now.date_naive(), me }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Has,
}

impl Comparator {
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Has => ":",
        }
    }
}

impl fmt::Display for Comparator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.symbol())
    }
}
