//! `order_by` → typed terms, as ORDER BY and as the condition for the rows after a given one (keyset paging).
//! Missing values come last in either direction, and `id` breaks every tie, so a page never skips or repeats.

use std::fmt;
use std::sync::Arc;

use sqlx::{Postgres, QueryBuilder};

use super::error::{Expected, FilterError, FilterErrorKind, Limit};
use super::schema::{Field, Schema};
use super::sql::{Collated, push_comparison, push_key, push_operand};
use super::value::{Row, Value};
use super::{MAX_CHARACTERS, MAX_SORT_FIELDS};

/// A total order on the rows of one resource. Its `Display` is canonical: equal texts, equal orders.
#[derive(Clone, Debug)]
pub struct OrderBy {
    terms: Vec<Term>,
}

#[derive(Clone, Debug)]
struct Term {
    field: Arc<Field>,
    descending: bool,
    not_null: bool,
}

impl OrderBy {
    /// Reads `created_time desc, name`. An empty text orders by `id`; the tie-breaker goes in the direction of the
    /// last named field, so that one index over (field, id) serves both directions.
    pub fn parse(text: &str, schema: &Schema) -> Result<Self, FilterError> {
        if text.chars().take(MAX_CHARACTERS + 1).count() > MAX_CHARACTERS {
            let kind = FilterErrorKind::TooComplex(Limit::Characters(MAX_CHARACTERS));
            return Err(FilterError::new(MAX_CHARACTERS, kind));
        }
        let mut terms: Vec<Term> = Vec::new();
        let mut position = 0;
        for part in text.split(',').filter(|_| !text.trim().is_empty()) {
            let start = position + leading_spaces(part);
            if part.trim().is_empty() {
                let found = text.chars().nth(start).map(String::from);
                return Err(FilterError::syntax(start, Expected::FieldName, found.as_deref()));
            }
            let term = read_term(part.trim(), start, schema)?;
            if terms.len() == MAX_SORT_FIELDS {
                let kind = FilterErrorKind::TooComplex(Limit::SortFields(MAX_SORT_FIELDS));
                return Err(FilterError::new(start, kind));
            }
            if terms.iter().any(|earlier| earlier.field.name == term.field.name) {
                return Err(FilterError::new(start, FilterErrorKind::SortedTwice { field: term.field.name.clone() }));
            }
            terms.push(term);
            position += part.chars().count() + 1;
        }
        Self::with_tie_breaker(terms, schema)
    }

    fn with_tie_breaker(mut terms: Vec<Term>, schema: &Schema) -> Result<Self, FilterError> {
        let Some(id) = schema.tie_breaker() else {
            let kind = FilterErrorKind::UnknownField { field: "id".into(), nearest: None };
            return Err(FilterError::new(0, kind));
        };
        // Nothing after the id can matter: no two rows share one.
        if let Some(index) = terms.iter().position(|term| term.field.name == id.name) {
            terms.truncate(index + 1);
            terms[index].not_null = true;
        } else {
            let descending = terms.last().is_some_and(|term| term.descending);
            terms.push(Term { field: Arc::clone(id), descending, not_null: true });
        }
        Ok(Self { terms })
    }

    /// The names of the fields it sorts by. An order reveals values, so masked fields are refused here too.
    pub fn fields(&self) -> Vec<&str> {
        self.terms.iter().map(|term| term.field.name.as_str()).collect()
    }

    /// A row's place in this order, for the next page to start after.
    pub fn keys(&self, row: &impl Row) -> Vec<Value> {
        self.terms.iter().map(|term| row.value(&term.field.name)).collect()
    }

    /// Appends the terms of an ORDER BY, without the keyword.
    pub fn push_order_sql(&self, query: &mut QueryBuilder<Postgres>) {
        for (index, term) in self.terms.iter().enumerate() {
            query.push(if index > 0 { ", " } else { "" });
            push_key(query, &term.field, Collated::Yes);
            // Only for nullable columns: a plain index, read backwards, doesn't have its NULLs last.
            query.push(match (term.descending, term.not_null) {
                (true, true) => " DESC",
                (true, false) => " DESC NULLS LAST",
                (false, _) => "",
            });
        }
    }

    /// Appends the condition for the rows after the one with these keys. Keys come from a token that a caller hands
    /// in, so they are held against the order first.
    pub fn push_keyset_sql(&self, query: &mut QueryBuilder<Postgres>, after: &[Value]) -> Result<(), FilterError> {
        let fits = |(term, key): (&Term, &Value)| match key {
            Value::Null => !term.not_null,
            key => term.field.field_type.holds(key) && key.is_storable(),
        };
        if after.len() != self.terms.len() || !self.terms.iter().zip(after).all(fits) {
            return Err(FilterError::new(0, FilterErrorKind::KeysMismatch));
        }
        let keys: Vec<Value> = self.terms.iter().zip(after).map(|(term, key)| term.folded(key)).collect();
        query.push("(");
        if self.is_one_direction() {
            self.push_row_comparison(query, &keys);
        } else {
            push_after(query, &self.terms, &keys);
        }
        query.push(")");
        Ok(())
    }

    fn is_one_direction(&self) -> bool {
        self.terms.iter().all(|term| term.not_null && term.descending == self.terms[0].descending)
    }

    /// `(a, id) > ($1, $2)`, which Postgres turns into one index range.
    fn push_row_comparison(&self, query: &mut QueryBuilder<Postgres>, keys: &[Value]) {
        query.push("(");
        for (index, term) in self.terms.iter().enumerate() {
            query.push(if index > 0 { ", " } else { "" });
            push_key(query, &term.field, Collated::Yes);
        }
        query.push(if self.terms[0].descending { ") < (" } else { ") > (" });
        for (index, (term, key)) in self.terms.iter().zip(keys).enumerate() {
            query.push(if index > 0 { ", " } else { "" });
            push_operand(query, &term.field, key);
        }
        query.push(")");
    }
}

impl Term {
    fn folded(&self, key: &Value) -> Value {
        key.clone().folded(&self.field.field_type)
    }

    fn after_sign(&self) -> &'static str {
        if self.descending { "<" } else { ">" }
    }
}

/// After in the first term, or level in it and after in the rest.
fn push_after(query: &mut QueryBuilder<Postgres>, terms: &[Term], keys: &[Value]) {
    let ([term, terms @ ..], [key, keys @ ..]) = (terms, keys) else {
        query.push("FALSE");
        return;
    };
    // Says nothing new, but gives an index on the first column its range.
    if term.not_null && !terms.is_empty() {
        push_comparison(query, &term.field, if term.descending { "<=" } else { ">=" }, key);
        query.push(" AND (");
    } else {
        query.push("(");
    }
    push_after_in(query, term, key);
    if !terms.is_empty() {
        query.push(" OR (");
        push_level(query, term, key);
        query.push(" AND (");
        push_after(query, terms, keys);
        query.push("))");
    }
    query.push(")");
}

fn push_after_in(query: &mut QueryBuilder<Postgres>, term: &Term, key: &Value) {
    if *key == Value::Null {
        query.push("FALSE");
        return;
    }
    push_comparison(query, &term.field, term.after_sign(), key);
    if !term.not_null {
        query.push(" OR ");
        push_key(query, &term.field, Collated::Yes);
        query.push(" IS NULL");
    }
}

fn push_level(query: &mut QueryBuilder<Postgres>, term: &Term, key: &Value) {
    if *key == Value::Null {
        push_key(query, &term.field, Collated::Yes);
        query.push(" IS NULL");
    } else {
        push_comparison(query, &term.field, "=", key);
    }
}

fn leading_spaces(text: &str) -> usize {
    text.chars().take_while(|character| character.is_whitespace()).count()
}

fn read_term(part: &str, start: usize, schema: &Schema) -> Result<Term, FilterError> {
    let (name, rest) = part.split_once(char::is_whitespace).unwrap_or((part, ""));
    let descending = match rest.trim() {
        "" | "asc" => false,
        "desc" => true,
        other => {
            let direction = start + name.chars().count() + 1 + leading_spaces(rest);
            return Err(FilterError::syntax(direction, Expected::SortDirection, Some(other)));
        }
    };
    let field = schema.sortable(name, start)?;
    Ok(Term { field: Arc::clone(field), descending, not_null: field.not_null })
}

impl fmt::Display for OrderBy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, term) in self.terms.iter().enumerate() {
            let separator = if index > 0 { "," } else { "" };
            let direction = if term.descending { " desc" } else { "" };
            write!(formatter, "{separator}{}{direction}", term.field.name)?;
        }
        Ok(())
    }
}
