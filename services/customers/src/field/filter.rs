//! What filters and orderings may say of custom fields: `custom.KEY`.

use contracts::customers::FieldType;
use platform::error::{Error, Result, reason};
use platform::filter::{self, Column, Field, FieldType as FilterType, OrderBy, Predicate, Schema};

use super::fields::Fields;
use super::kind::{RecordKind, place};
use super::masked::Masked;
use crate::grade;

/// The schema with the fields in use added as `custom.KEY`, and grades that have no column of their own.
pub fn filter_schema(fields: &Fields, schema: Schema) -> Schema {
    let object = place(fields.kind()).object;
    let is_customer = fields.kind() == RecordKind::Customer;
    let graded = fields.dictionaries().graded().filter(|code| is_customer && grade::column(code).is_none());
    let schema = graded.fold(schema, |schema, code| {
        let column = Column::json("c.grades", code);
        schema.with(Field::new(format!("grades.{code}"), FilterType::String, column).sortable())
    });
    fields.active().fold(schema, |schema, field| {
        let filter_type = match field.r#type() {
            FieldType::Option if fields.dictionaries().is_tree(&field.dictionary) => FilterType::CodePrefix,
            field_type => match filter_type(field_type) {
                Some(filter_type) => filter_type,
                None => return schema,
            },
        };
        schema
            .with(Field::new(format!("custom.{}", field.key), filter_type, Column::json(object, &field.key)).sortable())
    })
}

/// How values of a type compare; codes of trees aside.
pub fn filter_type(field_type: FieldType) -> Option<FilterType> {
    Some(match field_type {
        FieldType::Text | FieldType::LongText | FieldType::Email | FieldType::Phone | FieldType::Url => {
            FilterType::Text
        }
        FieldType::Integer => FilterType::Int,
        FieldType::Decimal => FilterType::Decimal,
        FieldType::Boolean => FilterType::Bool,
        FieldType::Date => FilterType::Date,
        FieldType::Timestamp => FilterType::Timestamp,
        FieldType::Option => FilterType::String,
        FieldType::Options => FilterType::StringList,
        FieldType::Unspecified => return None,
    })
}

/// A filter and an order, checked; refused at `filter` and `order_by` behind `prefix`, which ends in a dot where the request
/// has them within a message. Filtering or sorting by a field tells its values, so who sees them masked may not.
pub fn chosen(
    schema: &Schema,
    prefix: &str,
    (filter, order_by): (&str, &str),
    is_masked: impl Fn(&str) -> bool,
) -> Result<(Predicate, OrderBy)> {
    let place = |name: &str| format!("{prefix}{name}");
    let predicate = filter::compile(filter, schema).map_err(|error| Error::filter(&place("filter"), &error))?;
    let order = OrderBy::parse(order_by, schema).map_err(|error| Error::filter(&place("order_by"), &error))?;
    for (name, fields) in [("filter", predicate.fields()), ("order_by", order.fields())] {
        if let Some(field) = fields.into_iter().find(|field| is_masked(field)) {
            return Err(Error::invalid(place(name), &reason::FIELD_MASKED).arg("field", field));
        }
    }
    Ok((predicate, order))
}

/// Whether a custom field is masked.
pub fn is_masked(name: &str, masked: &Masked) -> bool {
    name.strip_prefix("custom.").is_some_and(|key| masked.contains(key))
}
