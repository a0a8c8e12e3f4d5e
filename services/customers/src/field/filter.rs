//! What filters and orderings may say of custom fields: `custom.KEY`.

use contracts::customers::FieldType;
use platform::filter::{Column, Field, FieldType as FilterType, Schema};

use super::cache::Fields;

/// The column of the values in every query on customers.
const OBJECT: &str = "c.custom_fields";

/// The schema with the fields in use added as `custom.KEY`.
pub fn filter_schema(fields: &Fields, schema: Schema) -> Schema {
    fields.active().fold(schema, |schema, field| {
        let filter_type = match field.r#type() {
            FieldType::Text => FilterType::Text,
            FieldType::Integer => FilterType::Int,
            FieldType::Decimal => FilterType::Decimal,
            FieldType::Boolean => FilterType::Bool,
            FieldType::Date => FilterType::Date,
            FieldType::Timestamp => FilterType::Timestamp,
            FieldType::Option if fields.dictionaries().is_tree(&field.dictionary) => FilterType::CodePrefix,
            FieldType::Option => FilterType::String,
            FieldType::Options => FilterType::StringList,
            FieldType::Unspecified => return schema,
        };
        schema
            .with(Field::new(format!("custom.{}", field.key), filter_type, Column::json(OBJECT, &field.key)).sortable())
    })
}
