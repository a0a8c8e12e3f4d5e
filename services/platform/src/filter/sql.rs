//! The SQL back end. Values and custom field keys are always bound; the only SQL text is the developer's own.
//!
//! A comparison with NULL gives NULL, which a condition takes for false, and `AND` and `OR` keep it so; a negation
//! says `IS NOT TRUE`. So plain comparisons stay plain, and an index serves them.

use sqlx::{Postgres, QueryBuilder};

use super::EvalContext;
use super::predicate::{Predicate, Relation, Resolved, Tree};
use super::schema::{Column, EnumValues, Field, FieldType};
use super::value::Value;

impl Predicate {
    /// Appends the predicate as one operand, for use after WHERE, AND, OR or FILTER. A caller who wants the
    /// opposite takes `negated()`; SQL's own NOT would leave rows with missing values out.
    pub fn push_sql(&self, query: &mut QueryBuilder<Postgres>, context: &EvalContext) {
        push_tree(query, &self.0, context);
    }
}

fn push_tree(query: &mut QueryBuilder<Postgres>, tree: &Tree, context: &EvalContext) {
    match tree {
        Tree::All(parts) => push_joined(query, parts, " AND ", "TRUE", context),
        Tree::Any(parts) => push_joined(query, parts, " OR ", "FALSE", context),
        Tree::Not(inner) => {
            query.push("(");
            push_tree(query, inner, context);
            query.push(" IS NOT TRUE)");
        }
        Tree::Test { field, condition } => {
            query.push("(");
            push_test(query, field, &condition.resolve(context));
            query.push(")");
        }
    }
}

fn push_joined(
    query: &mut QueryBuilder<Postgres>,
    parts: &[Tree],
    connective: &str,
    empty: &str,
    context: &EvalContext,
) {
    query.push("(");
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            query.push(connective);
        }
        push_tree(query, part, context);
    }
    if parts.is_empty() {
        query.push(empty);
    }
    query.push(")");
}

fn push_test(query: &mut QueryBuilder<Postgres>, field: &Field, resolved: &Resolved<'_>) {
    match resolved {
        Resolved::Never => {
            query.push("FALSE");
        }
        Resolved::Present => push_presence(query, field),
        Resolved::Compare(Relation::Equal, value) => push_equality(query, field, value),
        Resolved::Compare(relation, value) => push_comparison(query, field, sign(*relation), value),
        Resolved::Within(first, next) => {
            push_comparison(query, field, ">=", first);
            query.push(" AND ");
            push_comparison(query, field, "<", next);
        }
        Resolved::Matches(pattern) => {
            push_key(query, field, Collated::No);
            query.push(" LIKE ").push_bind(pattern.like());
        }
        Resolved::HasElement(element) => push_element(query, field, element),
    }
}

fn sign(relation: Relation) -> &'static str {
    match relation {
        Relation::Equal => "=",
        Relation::Less => "<",
        Relation::LessOrEqual => "<=",
        Relation::Greater => ">",
        Relation::GreaterOrEqual => ">=",
    }
}

pub(super) fn push_comparison(query: &mut QueryBuilder<Postgres>, field: &Field, sign: &str, value: &Value) {
    push_key(query, field, Collated::Yes);
    query.push(" ").push(sign).push(" ");
    push_operand(query, field, value);
}

/// Equality needs no collation, so the column's own index serves it; in `jsonb` a containment test does the same
/// for the types that have one spelling per value.
fn push_equality(query: &mut QueryBuilder<Postgres>, field: &Field, value: &Value) {
    let many_spellings = matches!(field.field_type, FieldType::Text | FieldType::Decimal | FieldType::Timestamp);
    match &field.column {
        Column::Json { object, key } if !many_spellings => push_containment(query, object, key, value.to_json()),
        _ => {
            push_key(query, field, Collated::No);
            query.push(" = ");
            push_operand(query, field, value);
        }
    }
}

fn push_containment(query: &mut QueryBuilder<Postgres>, object: &str, key: &str, value: serde_json::Value) {
    let wanted = serde_json::Map::from_iter([(key.to_owned(), value)]);
    query.push(object).push(" @> ").push_bind(serde_json::Value::Object(wanted));
}

fn push_element(query: &mut QueryBuilder<Postgres>, field: &Field, element: &str) {
    match &field.column {
        Column::Sql(expression) => {
            query.push(expression).push(" @> ").push_bind(vec![element.to_owned()]);
        }
        Column::Json { object, key } => push_containment(query, object, key, vec![element].into()),
        Column::Rows { from, element: column } => {
            query.push("EXISTS (SELECT FROM ").push(from).push(" AND ").push(column).push(" = ");
            query.push_bind(element.to_owned()).push(")");
        }
    }
}

fn push_presence(query: &mut QueryBuilder<Postgres>, field: &Field) {
    match (&field.column, &field.field_type) {
        (Column::Sql(expression), FieldType::StringList) => {
            query.push("cardinality(").push(expression).push(") > 0");
        }
        (Column::Sql(expression), field_type) if field_type.is_textual() => {
            query.push(expression).push(" <> ''");
        }
        (Column::Sql(expression), _) => {
            query.push(expression).push(" IS NOT NULL");
        }
        (Column::Json { object, key }, FieldType::StringList) => {
            query.push("jsonb_typeof(").push(object).push(" -> ").push_bind(key);
            query.push(") = 'array' AND ").push(object).push(" -> ").push_bind(key).push(" <> '[]'");
        }
        (Column::Json { object, key }, field_type) if field_type.is_textual() => {
            push_json_text(query, object, key);
            query.push(" <> ''");
        }
        (Column::Json { .. }, _) => {
            push_key(query, field, Collated::No);
            query.push(" IS NOT NULL");
        }
        (Column::Rows { from, .. }, _) => {
            query.push("EXISTS (SELECT FROM ").push(from).push(")");
        }
    }
}

/// Whether an order or a range is wanted, for which texts are compared byte by byte as Rust does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Collated {
    Yes,
    No,
}

/// The field's value as SQL. A custom field is cast only after a look at what's there, so that a value left over
/// from another type of the field can't fail the query.
pub(super) fn push_key(query: &mut QueryBuilder<Postgres>, field: &Field, collated: Collated) {
    let collation = if collated == Collated::Yes { " COLLATE \"C\"" } else { "" };
    let (object, key) = match (&field.column, &field.field_type) {
        (Column::Sql(expression), FieldType::Text) => {
            query.push("lower(").push(expression).push(" COLLATE \"C\")");
            return;
        }
        (Column::Sql(expression), field_type) => {
            query.push(expression).push(if field_type.is_textual() { collation } else { "" });
            return;
        }
        (Column::Json { object, key }, _) => (*object, key.as_str()),
        // A list is neither compared nor sorted by; whole, it is an array.
        (Column::Rows { from, element }, _) => {
            query.push("ARRAY(SELECT ").push(element).push(" FROM ").push(from).push(")");
            return;
        }
    };
    match json_form(&field.field_type) {
        JsonForm::FoldedText => {
            query.push("lower(");
            push_json_text(query, object, key);
            query.push(" COLLATE \"C\")");
        }
        JsonForm::Text => {
            push_json_text(query, object, key);
            query.push(collation);
        }
        JsonForm::Instant => push_json_instant(query, object, key),
        JsonForm::List => {
            query.push("(").push(object).push(" -> ").push_bind(key).push(")");
        }
        JsonForm::Number => push_json_guarded(query, object, key, "number", "numeric"),
        JsonForm::Bool => push_json_guarded(query, object, key, "boolean", "boolean"),
        JsonForm::NumberText => {
            query.push("CASE WHEN ");
            push_json_text(query, object, key);
            query.push(" ~ '^-?[0-9]+([.][0-9]+)?$' THEN ");
            push_json_text(query, object, key);
            query.push("::numeric END");
        }
    }
}

/// The expression by which values of a key compare and sort, for an index on it: what `push_key` binds stands in it as a
/// literal, and the planner takes the one for the other.
pub fn json_index_expression(field_type: &FieldType, object: &'static str, key: &str) -> String {
    let field = Field::new("", field_type.clone(), Column::json(object, key));
    let mut query = QueryBuilder::<Postgres>::new("");
    push_key(&mut query, &field, Collated::Yes);
    let literal = format!("'{}'", key.replace('\'', "''"));
    let mut expression = String::new();
    let sql = query.sql();
    let mut rest = sql.as_str();
    while let Some((before, behind)) = rest.split_once('$') {
        expression.push_str(before);
        // Nothing but the key is bound.
        if behind.starts_with(|c: char| c.is_ascii_digit()) {
            expression.push_str(&literal);
        } else {
            expression.push('$');
        }
        rest = behind.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    expression + rest
}

enum JsonForm {
    Text,
    FoldedText,
    Instant,
    List,
    Number,
    NumberText,
    Bool,
}

/// Dates and ids have a fixed width in one spelling, so their texts sort as they do.
fn json_form(field_type: &FieldType) -> JsonForm {
    match field_type {
        FieldType::String | FieldType::CodePrefix | FieldType::Date | FieldType::Uuid => JsonForm::Text,
        FieldType::Text => JsonForm::FoldedText,
        FieldType::Enum(values) => match **values {
            EnumValues::Ints(_) => JsonForm::Number,
            EnumValues::Texts(_) => JsonForm::Text,
        },
        FieldType::Int | FieldType::Duration => JsonForm::Number,
        FieldType::Decimal => JsonForm::NumberText,
        FieldType::Bool => JsonForm::Bool,
        FieldType::Timestamp => JsonForm::Instant,
        FieldType::StringList => JsonForm::List,
    }
}

fn push_json_text(query: &mut QueryBuilder<Postgres>, object: &str, key: &str) {
    query.push("(").push(object).push(" ->> ").push_bind(key).push(")");
}

fn push_json_guarded(query: &mut QueryBuilder<Postgres>, object: &str, key: &str, json_type: &str, sql_type: &str) {
    query.push("CASE WHEN jsonb_typeof(").push(object).push(" -> ").push_bind(key);
    query.push(") = '").push(json_type).push("' THEN ");
    push_json_text(query, object, key);
    query.push("::").push(sql_type).push(" END");
}

/// `2026-01-31T00:30:00.5Z` → `2026-01-31T00:30:00.500000`: a text that sorts as the time does. A cast would fail
/// the query on a 30th of February.
fn push_json_instant(query: &mut QueryBuilder<Postgres>, object: &str, key: &str) {
    let push_part = |query: &mut QueryBuilder<Postgres>, part: u8| {
        query.push("split_part(rtrim(");
        push_json_text(query, object, key);
        query.push(", 'Z'), '.', ").push(part).push(")");
    };
    query.push("(");
    push_part(query, 1);
    query.push(" || '.' || rpad(");
    push_part(query, 2);
    query.push(", 6, '0')) COLLATE \"C\"");
}

/// Binds a value in the form that `push_key` gives the field.
pub(super) fn push_operand(query: &mut QueryBuilder<Postgres>, field: &Field, value: &Value) {
    let in_json = matches!(field.column, Column::Json { .. });
    match value {
        Value::Null => query.push("NULL"),
        Value::Bool(value) => query.push_bind(*value),
        Value::Int(value) => query.push_bind(*value),
        Value::Decimal(value) => query.push_bind(*value),
        Value::Text(value) => query.push_bind(value.as_str()),
        Value::Date(value) if in_json => query.push_bind(value.to_string()),
        Value::Date(value) => query.push_bind(*value),
        Value::Timestamp(value) if in_json => query.push_bind(value.format("%Y-%m-%dT%H:%M:%S%.6f").to_string()),
        Value::Timestamp(value) => query.push_bind(*value),
        Value::Uuid(value) if in_json => query.push_bind(value.to_string()),
        Value::Uuid(value) => query.push_bind(*value),
        Value::List(value) => query.push_bind(value.as_slice()),
    };
}
