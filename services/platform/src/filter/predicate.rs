//! A checked filter: the typed tree that `check` builds, and its evaluation in memory. The SQL back end is next
//! door and starts from the same `resolve`, so functions and days mean the same in both.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{Days, FixedOffset, NaiveDate, TimeDelta, Utc};

use super::EvalContext;
use super::lexer::Literal;
use super::schema::Field;
use super::value::{Row, Value};

/// A condition on one row, true or false for every row.
#[derive(Clone, Debug)]
pub struct Predicate(pub(super) Tree);

#[derive(Clone, Debug)]
pub(super) enum Tree {
    All(Vec<Tree>),
    Any(Vec<Tree>),
    Not(Box<Tree>),
    Test { field: Arc<Field>, condition: Condition },
}

#[derive(Clone, Debug)]
pub(super) enum Condition {
    Present,
    Compare(Relation, Operand),
    Matches(Pattern),
    HasElement(String),
}

/// `!=` is `Not(Equal)`, which is what gives missing values their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Debug)]
pub(super) enum Operand {
    Value(Value),
    /// `days_ago(n)` as a date.
    DaysAgo(i32),
    /// A day against instants.
    WholeDay(Day),
    Now,
    Me,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Day {
    On(NaiveDate),
    Ago(i32),
}

/// A condition whose functions have been given their values.
pub(super) enum Resolved<'a> {
    Never,
    Present,
    Compare(Relation, Value),
    /// From the first value on, before the second.
    Within(Value, Value),
    Matches(&'a Pattern),
    HasElement(&'a str),
}

impl Predicate {
    pub fn everything() -> Self {
        Self(Tree::All(Vec::new()))
    }

    pub fn nothing() -> Self {
        Self(Tree::Any(Vec::new()))
    }

    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        Self(Tree::All(parts.into_iter().map(|part| part.0).collect()))
    }

    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        Self(Tree::Any(parts.into_iter().map(|part| part.0).collect()))
    }

    #[must_use]
    pub fn negated(self) -> Self {
        Self(self.0.negated())
    }

    /// Whether the filter was empty.
    pub fn is_everything(&self) -> bool {
        matches!(&self.0, Tree::All(parts) if parts.is_empty())
    }

    /// The names of the fields it looks at, each once. Who may not see a field may not filter by it either.
    pub fn fields(&self) -> Vec<&str> {
        let mut names = BTreeSet::new();
        self.0.collect_fields(&mut names);
        names.into_iter().collect()
    }

    pub fn matches(&self, row: &impl Row, context: &EvalContext) -> bool {
        self.0.matches(row, context)
    }
}

impl Tree {
    pub(super) fn negated(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    fn collect_fields<'a>(&'a self, names: &mut BTreeSet<&'a str>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.collect_fields(names)),
            Self::Not(inner) => inner.collect_fields(names),
            Self::Test { field, .. } => {
                names.insert(&field.name);
            }
        }
    }

    fn matches(&self, row: &impl Row, context: &EvalContext) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(row, context)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(row, context)),
            Self::Not(inner) => !inner.matches(row, context),
            Self::Test { field, condition } => {
                let value = row.value(&field.name).folded(&field.field_type);
                condition.resolve(context).holds_for(&value)
            }
        }
    }
}

impl Condition {
    pub(super) fn resolve(&self, context: &EvalContext) -> Resolved<'_> {
        match self {
            Self::Present => Resolved::Present,
            Self::Matches(pattern) => Resolved::Matches(pattern),
            Self::HasElement(element) => Resolved::HasElement(element),
            Self::Compare(relation, operand) => operand.resolve(*relation, context).unwrap_or(Resolved::Never),
        }
    }
}

impl Operand {
    /// `None` where the operand has no value: no caller for `me()`, or a day beyond the calendar.
    fn resolve(&self, relation: Relation, context: &EvalContext) -> Option<Resolved<'static>> {
        let value = match self {
            Self::Value(value) => value.clone(),
            Self::Now => Value::Timestamp(context.now.with_timezone(&Utc)),
            Self::Me => Value::Uuid(context.me?),
            Self::DaysAgo(days) => Value::Date(days_before(context.today, *days)?),
            Self::WholeDay(day) => {
                let day = match day {
                    Day::On(day) => *day,
                    Day::Ago(days) => days_before(context.today, *days)?,
                };
                return relation_to_day(relation, day, *context.now.offset());
            }
        };
        Some(Resolved::Compare(relation, value))
    }
}

fn days_before(day: NaiveDate, days: i32) -> Option<NaiveDate> {
    day.checked_sub_signed(TimeDelta::days(i64::from(days)))
}

/// Instants against a whole day: before it, in it or after it.
fn relation_to_day(relation: Relation, day: NaiveDate, zone: FixedOffset) -> Option<Resolved<'static>> {
    let start = |day: NaiveDate| -> Option<Value> {
        let midnight = day.and_hms_opt(0, 0, 0)?.and_local_timezone(zone).single()?;
        Some(Value::Timestamp(midnight.with_timezone(&Utc)))
    };
    let (first, next) = (start(day)?, start(day.checked_add_days(Days::new(1))?)?);
    Some(match relation {
        Relation::Equal => Resolved::Within(first, next),
        Relation::Less => Resolved::Compare(Relation::Less, first),
        Relation::LessOrEqual => Resolved::Compare(Relation::Less, next),
        Relation::Greater => Resolved::Compare(Relation::GreaterOrEqual, next),
        Relation::GreaterOrEqual => Resolved::Compare(Relation::GreaterOrEqual, first),
    })
}

impl Resolved<'_> {
    fn holds_for(&self, value: &Value) -> bool {
        match self {
            Self::Never => false,
            Self::Present => value.is_present(),
            Self::Compare(relation, operand) => value.order(operand).is_some_and(|order| match relation {
                Relation::Equal => order.is_eq(),
                Relation::Less => order.is_lt(),
                Relation::LessOrEqual => order.is_le(),
                Relation::Greater => order.is_gt(),
                Relation::GreaterOrEqual => order.is_ge(),
            }),
            Self::Within(first, next) => {
                value.order(first).is_some_and(Ordering::is_ge) && value.order(next).is_some_and(Ordering::is_lt)
            }
            Self::Matches(pattern) => matches!(value, Value::Text(text) if pattern.matches(text)),
            Self::HasElement(element) => {
                matches!(value, Value::List(elements) if elements.iter().any(|e| e == element))
            }
        }
    }
}

/// Pieces of text with anything between them.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    pieces: Vec<String>,
}

impl Pattern {
    pub(super) fn of(literal: &Literal, fold: bool) -> Self {
        let pieces = literal.pieces.iter();
        Self { pieces: pieces.map(|piece| if fold { piece.to_ascii_lowercase() } else { piece.clone() }).collect() }
    }

    /// The text at the start, and anything after it.
    pub(super) fn prefix(text: String) -> Self {
        Self { pieces: vec![text, String::new()] }
    }

    /// The text anywhere.
    pub(super) fn substring(text: String) -> Self {
        Self { pieces: vec![String::new(), text, String::new()] }
    }

    /// As an operand of LIKE, with the signs that LIKE knows taken literally.
    pub(super) fn like(&self) -> String {
        let mut like = String::new();
        for (index, piece) in self.pieces.iter().enumerate() {
            if index > 0 {
                like.push('%');
            }
            for character in piece.chars() {
                if matches!(character, '%' | '_' | '\\') {
                    like.push('\\');
                }
                like.push(character);
            }
        }
        like
    }

    fn matches(&self, text: &str) -> bool {
        let [first, middle @ .., last] = self.pieces.as_slice() else {
            return self.pieces.first().is_some_and(|only| only == text);
        };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
        for piece in middle {
            let Some(found) = rest.find(piece.as_str()) else { return false };
            rest = &rest[found + piece.len()..];
        }
        rest.ends_with(last.as_str())
    }
}
