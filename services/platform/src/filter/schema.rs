//! Which fields a filter or an ordering may name, what they hold and where their values are stored.
//! A resource declares its fixed fields once and adds the custom ones, which are rows, per request.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Comparator;
use super::error::{FilterError, FilterErrorKind, nearest};
use super::value::Value;

/// What a field holds. A `Column::sql` must have the Postgres type named here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// `text`, compared byte by byte.
    String,
    /// `text`, compared without regard to the case of A to Z. An index that serves it is on
    /// `lower(column COLLATE "C")`.
    Text,
    /// `text` code of a tree whose children extend their parent's code, as in the regions 33, 3301, 330106.
    CodePrefix,
    /// `text` or any integer, by a closed list of names.
    Enum(Arc<EnumValues>),
    /// Any integer type.
    Int,
    /// `numeric`.
    Decimal,
    /// `boolean`.
    Bool,
    /// `date`.
    Date,
    /// `timestamptz`.
    Timestamp,
    /// Any integer type, in seconds.
    Duration,
    /// `uuid`.
    Uuid,
    /// `text[]`.
    StringList,
}

/// Names as filters spell them, and values as they are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnumValues {
    Ints(Vec<(String, i32)>),
    Texts(Vec<(String, String)>),
}

impl EnumValues {
    pub(super) fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        match self {
            Self::Ints(values) => Box::new(values.iter().map(|(name, _)| name.as_str())),
            Self::Texts(values) => Box::new(values.iter().map(|(name, _)| name.as_str())),
        }
    }

    pub(super) fn value(&self, name: &str) -> Option<Value> {
        match self {
            Self::Ints(values) => {
                values.iter().find(|(known, _)| known == name).map(|(_, value)| Value::Int(i64::from(*value)))
            }
            Self::Texts(values) => {
                values.iter().find(|(known, _)| known == name).map(|(_, value)| Value::Text(value.clone()))
            }
        }
    }
}

impl FieldType {
    /// An enumeration stored as numbers, as protobuf enums are.
    pub fn int_enum<N: Into<String>>(values: impl IntoIterator<Item = (N, i32)>) -> Self {
        Self::Enum(Arc::new(EnumValues::Ints(values.into_iter().map(|(name, value)| (name.into(), value)).collect())))
    }

    /// An enumeration stored as text, such as the options of a dictionary.
    pub fn text_enum<N: Into<String>, V: Into<String>>(values: impl IntoIterator<Item = (N, V)>) -> Self {
        let values = values.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self::Enum(Arc::new(EnumValues::Texts(values)))
    }

    pub(super) fn allows(&self, comparator: Comparator) -> bool {
        match self {
            Self::String | Self::Text | Self::Int | Self::Decimal | Self::Date | Self::Timestamp | Self::Duration => {
                true
            }
            Self::CodePrefix | Self::Enum(_) | Self::Bool | Self::Uuid => {
                matches!(comparator, Comparator::Equal | Comparator::NotEqual | Comparator::Has)
            }
            Self::StringList => comparator == Comparator::Has,
        }
    }

    pub(super) fn comparators_text(&self) -> &'static str {
        if self.allows(Comparator::Less) {
            "= != < <= > >= :"
        } else if self.allows(Comparator::Equal) {
            "= != :"
        } else {
            ":"
        }
    }

    /// Stored as text, so that patterns apply and the order needs a collation.
    pub(super) fn is_textual(&self) -> bool {
        match self {
            Self::String | Self::Text | Self::CodePrefix => true,
            Self::Enum(values) => matches!(**values, EnumValues::Texts(_)),
            _ => false,
        }
    }

    /// Whether a value is of the kind that this type stores.
    pub(super) fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Enum(values), Value::Int(_)) => matches!(**values, EnumValues::Ints(_)),
            (_, Value::Text(_)) => self.is_textual(),
            (Self::Int | Self::Duration, Value::Int(_))
            | (Self::Decimal, Value::Decimal(_))
            | (Self::Bool, Value::Bool(_))
            | (Self::Date, Value::Date(_))
            | (Self::Timestamp, Value::Timestamp(_))
            | (Self::Uuid, Value::Uuid(_))
            | (Self::StringList, Value::List(_)) => true,
            _ => false,
        }
    }

    pub fn name_en(&self) -> &'static str {
        match self {
            Self::String | Self::Text => "text",
            Self::CodePrefix => "a code",
            Self::Enum(_) => "one of a list of names",
            Self::Int => "a whole number",
            Self::Decimal => "a decimal number",
            Self::Bool => "true or false",
            Self::Date => "a date such as 2026-01-31",
            Self::Timestamp => "a date or a time such as 2026-01-31T08:30:00+08:00",
            Self::Duration => "a duration such as 90s, 15m, 2h or 1d",
            Self::Uuid => "an id (UUID)",
            Self::StringList => "a list of texts",
        }
    }

    pub fn name_zh(&self) -> &'static str {
        match self {
            Self::String | Self::Text => "文本",
            Self::CodePrefix => "编码",
            Self::Enum(_) => "选项之一",
            Self::Int => "整数",
            Self::Decimal => "小数",
            Self::Bool => "true 或 false",
            Self::Date => "日期（如 2026-01-31）",
            Self::Timestamp => "日期或时间（如 2026-01-31T08:30:00+08:00）",
            Self::Duration => "时长（如 90s、15m、2h、1d）",
            Self::Uuid => "标识（UUID）",
            Self::StringList => "文本列表",
        }
    }
}

/// Where a field's value is. The SQL is written by the developer; a custom field's key is always bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// A column, or an expression in parentheses, of the field's Postgres type.
    Sql(&'static str),
    /// A key of a `jsonb` object; `Value::from_json` says how each type is written there.
    Json { object: &'static str, key: String },
    /// The elements of a `StringList` as rows of another table: `from` ends in a condition, `element` is the column. An index
    /// on it serves a filter that `cardinality` and `@>` would not.
    Rows { from: &'static str, element: &'static str },
}

impl Column {
    pub fn sql(expression: &'static str) -> Self {
        Self::Sql(expression)
    }

    pub fn rows(from: &'static str, element: &'static str) -> Self {
        Self::Rows { from, element }
    }

    pub fn json(object: &'static str, key: impl Into<String>) -> Self {
        Self::Json { object, key: key.into() }
    }
}

#[derive(Clone, Debug)]
pub struct Field {
    pub(super) name: String,
    pub(super) field_type: FieldType,
    pub(super) column: Column,
    pub(super) filterable: bool,
    pub(super) sortable: bool,
    pub(super) not_null: bool,
}

impl Field {
    /// A field that can be filtered by, but not sorted by.
    pub fn new(name: impl Into<String>, field_type: FieldType, column: Column) -> Self {
        Self { name: name.into(), field_type, column, filterable: true, sortable: false, not_null: false }
    }

    /// Lists may be sorted by it. A list of texts has no order.
    pub fn sortable(mut self) -> Self {
        self.sortable = self.field_type != FieldType::StringList;
        self
    }

    pub fn not_filterable(mut self) -> Self {
        self.filterable = false;
        self
    }

    /// The column is NOT NULL, which lets ordering and paging use a plain index on it.
    pub fn not_null(mut self) -> Self {
        self.not_null = true;
        self
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn field_type(&self) -> &FieldType {
        &self.field_type
    }
}

/// The fields of one resource. The field `id` breaks ties in every ordering.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    fields: BTreeMap<String, Arc<Field>>,
    search_field: Option<String>,
}

impl Schema {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field that can be filtered by.
    #[must_use]
    pub fn field(self, name: impl Into<String>, field_type: FieldType, column: Column) -> Self {
        self.with(Field::new(name, field_type, column))
    }

    /// Adds a field, in place of one of the same name.
    #[must_use]
    pub fn with(mut self, field: Field) -> Self {
        self.fields.insert(field.name.clone(), Arc::new(field));
        self
    }

    /// The field in which a bare text is looked for, as if `field : text` stood there.
    #[must_use]
    pub fn search_field(mut self, name: impl Into<String>) -> Self {
        self.search_field = Some(name.into());
        self
    }

    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.fields.values().map(AsRef::as_ref)
    }

    pub(super) fn default_search(&self) -> Option<&Arc<Field>> {
        self.search_field.as_ref().and_then(|name| self.fields.get(name))
    }

    pub(super) fn filterable(&self, name: &str, position: usize) -> Result<&Arc<Field>, FilterError> {
        let field = self.find(name, position, |field| field.filterable)?;
        let refusal = || FilterError::new(position, FilterErrorKind::NotFilterable { field: name.into() });
        field.filterable.then_some(field).ok_or_else(refusal)
    }

    pub(super) fn sortable(&self, name: &str, position: usize) -> Result<&Arc<Field>, FilterError> {
        let field = self.find(name, position, |field| field.sortable)?;
        let refusal = || FilterError::new(position, FilterErrorKind::NotSortable { field: name.into() });
        field.sortable.then_some(field).ok_or_else(refusal)
    }

    /// The field of that name; a fault suggests only fields that would have been `usable`.
    fn find(&self, name: &str, position: usize, usable: fn(&Field) -> bool) -> Result<&Arc<Field>, FilterError> {
        self.fields.get(name).ok_or_else(|| {
            let usable = self.fields().filter(|field| usable(field)).map(Field::name);
            let kind =
                FilterErrorKind::UnknownField { field: super::error::shorten(name), nearest: nearest(name, usable) };
            FilterError::new(position, kind)
        })
    }

    pub(super) fn tie_breaker(&self) -> Option<&Arc<Field>> {
        self.fields.get("id")
    }
}
