//! Expression + schema → predicate: every name is looked up, every value read by the type of its field.

use std::sync::Arc;

use super::Comparator;
use super::error::{FilterError, FilterErrorKind, nearest, shorten};
use super::lexer::Literal;
use super::parser::{Argument, ArgumentKind, Expression, Node, Restriction};
use super::predicate::{Condition, Day, Operand, Pattern, Predicate, Relation, Tree};
use super::schema::{Field, FieldType, Schema};
use super::value::{Value, date, decimal, timestamp};

const FUNCTIONS: [&str; 4] = ["now", "today", "days_ago", "me"];
const MAX_DAYS: i32 = 36_500;

/// Gives a parsed filter its types, or says at which character it has none.
pub fn check(expression: &Expression, schema: &Schema) -> Result<Predicate, FilterError> {
    Ok(Predicate(check_node(&expression.root, schema)?))
}

fn check_node(node: &Node, schema: &Schema) -> Result<Tree, FilterError> {
    let check_all = |parts: &[Node]| parts.iter().map(|part| check_node(part, schema)).collect::<Result<_, _>>();
    Ok(match node {
        Node::And(parts) => Tree::All(check_all(parts)?),
        Node::Or(parts) => Tree::Any(check_all(parts)?),
        Node::Not(inner) => check_node(inner, schema)?.negated(),
        Node::Restriction(restriction) => check_restriction(restriction, schema)?,
        Node::Bare { position, literal } => check_bare(*position, literal, schema)?,
    })
}

fn check_bare(position: usize, literal: &Literal, schema: &Schema) -> Result<Tree, FilterError> {
    let Some(field) = schema.default_search() else {
        let kind = FilterErrorKind::BareText { text: shorten(&literal.text()) };
        return Err(FilterError::new(position, kind));
    };
    let site = Site { field, comparator: Comparator::Has, position };
    site.literal(literal)
}

fn check_restriction(restriction: &Restriction, schema: &Schema) -> Result<Tree, FilterError> {
    let field = schema.filterable(&restriction.field, restriction.position)?;
    let comparator = restriction.comparator;
    let is_presence = comparator == Comparator::Has
        && matches!(&restriction.argument.kind, ArgumentKind::Literal(literal) if literal.is_star());
    if is_presence {
        return Ok(Tree::Test { field: Arc::clone(field), condition: Condition::Present });
    }
    let is_list = matches!(restriction.argument.kind, ArgumentKind::AnyOf(_));
    let takes_list = matches!(comparator, Comparator::Equal | Comparator::Has);
    if !field.field_type.allows(comparator) || (is_list && !takes_list) {
        let kind = FilterErrorKind::OperatorNotAllowed {
            field: field.name.clone(),
            comparator,
            field_type: field.field_type.clone(),
        };
        return Err(FilterError::new(restriction.comparator_position, kind));
    }
    check_argument(field, comparator, &restriction.argument)
}

fn check_argument(field: &Arc<Field>, comparator: Comparator, argument: &Argument) -> Result<Tree, FilterError> {
    let site = Site { field, comparator, position: argument.position };
    match &argument.kind {
        ArgumentKind::Literal(literal) => site.literal(literal),
        ArgumentKind::Call { function, arguments } => site.call(function, arguments),
        ArgumentKind::AnyOf(choices) => {
            let tests = choices.iter().map(|choice| check_argument(field, comparator, choice));
            Ok(Tree::Any(tests.collect::<Result<_, _>>()?))
        }
    }
}

/// One argument in its place.
struct Site<'a> {
    field: &'a Arc<Field>,
    comparator: Comparator,
    position: usize,
}

impl Site<'_> {
    fn literal(&self, literal: &Literal) -> Result<Tree, FilterError> {
        let text = literal.text();
        let operand = match &self.field.field_type {
            FieldType::String | FieldType::Text | FieldType::CodePrefix => return Ok(self.text(literal)),
            FieldType::StringList if literal.has_wildcard() => return Err(self.wrong_type(&text)),
            FieldType::StringList => return Ok(self.test(Condition::HasElement(text))),
            FieldType::Enum(values) => {
                return match values.value(&text) {
                    Some(value) => Ok(self.compare(Operand::Value(value))),
                    None => Err(self.unknown_value(&text, nearest(&text, values.names()))),
                };
            }
            FieldType::Int => text.parse().ok().map(Value::Int).map(Operand::Value),
            FieldType::Decimal => decimal(&text).map(Value::Decimal).map(Operand::Value),
            FieldType::Bool => match text.as_str() {
                "true" => Some(Operand::Value(Value::Bool(true))),
                "false" => Some(Operand::Value(Value::Bool(false))),
                _ => None,
            },
            FieldType::Date => date(&text).map(Value::Date).map(Operand::Value),
            FieldType::Timestamp => {
                let instant = timestamp(&text).map(Value::Timestamp).map(Operand::Value);
                instant.or_else(|| date(&text).map(Day::On).map(Operand::WholeDay))
            }
            FieldType::Duration => seconds(&text).map(Value::Int).map(Operand::Value),
            FieldType::Uuid => text.parse().ok().map(Value::Uuid).map(Operand::Value),
        };
        operand.map(|operand| self.compare(operand)).ok_or_else(|| self.wrong_type(&text))
    }

    fn text(&self, literal: &Literal) -> Tree {
        let fold = self.field.field_type == FieldType::Text;
        let is_pattern = matches!(self.comparator, Comparator::Equal | Comparator::NotEqual | Comparator::Has);
        if literal.has_wildcard() && is_pattern {
            return self.matches(Pattern::of(literal, fold));
        }
        let text = if fold { literal.text().to_ascii_lowercase() } else { literal.text() };
        match (self.comparator, &self.field.field_type) {
            (Comparator::Has, FieldType::CodePrefix) => self.matches(Pattern::prefix(branch(&text).to_owned())),
            (Comparator::Has, _) => self.matches(Pattern::substring(text)),
            _ => self.compare(Operand::Value(Value::Text(text))),
        }
    }

    fn call(&self, function: &str, arguments: &[Literal]) -> Result<Tree, FilterError> {
        let Some(function) = FUNCTIONS.into_iter().find(|known| *known == function) else {
            let kind = FilterErrorKind::UnknownFunction {
                name: shorten(function),
                nearest: nearest(function, FUNCTIONS.into_iter()),
            };
            return Err(FilterError::new(self.position, kind));
        };
        let wrong_arguments = || FilterError::new(self.position, FilterErrorKind::WrongArguments { function });
        let days = match (function, arguments) {
            ("days_ago", [days]) => {
                let days = days.text().parse::<i32>().ok().filter(|days| (-MAX_DAYS..=MAX_DAYS).contains(days));
                days.ok_or_else(wrong_arguments)?
            }
            ("now" | "today" | "me", []) => 0,
            _ => return Err(wrong_arguments()),
        };
        let operand = match (function, &self.field.field_type) {
            ("me", FieldType::Uuid) => Operand::Me,
            ("now", FieldType::Timestamp) => Operand::Now,
            ("today" | "days_ago", FieldType::Date) => Operand::DaysAgo(days),
            ("today" | "days_ago", FieldType::Timestamp) => Operand::WholeDay(Day::Ago(days)),
            _ => return Err(self.wrong_type(&format!("{function}()"))),
        };
        Ok(self.compare(operand))
    }

    fn compare(&self, operand: Operand) -> Tree {
        let relation = match self.comparator {
            Comparator::Equal | Comparator::NotEqual | Comparator::Has => Relation::Equal,
            Comparator::Less => Relation::Less,
            Comparator::LessOrEqual => Relation::LessOrEqual,
            Comparator::Greater => Relation::Greater,
            Comparator::GreaterOrEqual => Relation::GreaterOrEqual,
        };
        self.negated_if_unequal(self.test(Condition::Compare(relation, operand)))
    }

    fn matches(&self, pattern: Pattern) -> Tree {
        self.negated_if_unequal(self.test(Condition::Matches(pattern)))
    }

    fn negated_if_unequal(&self, test: Tree) -> Tree {
        if self.comparator == Comparator::NotEqual { test.negated() } else { test }
    }

    fn test(&self, condition: Condition) -> Tree {
        Tree::Test { field: Arc::clone(self.field), condition }
    }

    fn wrong_type(&self, found: &str) -> FilterError {
        let kind = FilterErrorKind::WrongType {
            field: self.field.name.clone(),
            expected: self.field.field_type.clone(),
            found: shorten(found),
        };
        FilterError::new(self.position, kind)
    }

    fn unknown_value(&self, value: &str, nearest: Option<String>) -> FilterError {
        let kind = FilterErrorKind::UnknownValue { field: self.field.name.clone(), value: shorten(value), nearest };
        FilterError::new(self.position, kind)
    }
}

/// Whole seconds, minutes, hours or days; AIP-160 has seconds only, people think in the others.
fn seconds(text: &str) -> Option<i64> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    text[..text.len() - 1].parse::<i64>().ok()?.checked_mul(unit)
}

/// What the codes below a code begin with. Divisions of GB/T 2260 end in zeros: the counties of 330000 begin with 33.
pub fn branch(code: &str) -> &str {
    if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return code;
    }
    code.strip_suffix("0000").or_else(|| code.strip_suffix("00")).unwrap_or(code)
}
