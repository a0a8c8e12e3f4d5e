//! What a view may hold.

use contracts::customers::{View, ViewLayout};
use platform::error::{Violation, reason};
use platform::filter::{Field, FieldType, Schema};

use crate::error::reason as own;

pub const MUTABLE: [&str; 7] = ["name", "filter", "order_by", "columns", "shared", "layout", "layout_field"];

/// Columns that a list shows and nobody filters by.
const SHOWN_ONLY: [&str; 14] = [
    "addresses",
    "owner_name",
    "group_name",
    "create_user_name",
    "update_user_name",
    "customer_name",
    "contact_names",
    "employee_name",
    "content",
    "duration_minutes",
    "next_step",
    "place",
    "cancel_reason",
    "invalid",
];

/// The name, the columns and the layout; filter and order are checked as those of the list.
pub fn check(view: &View, schema: &Schema) -> Vec<Violation> {
    let mut faults = Vec::new();
    if view.name.trim().is_empty() {
        faults.push(Violation { field: "view.name".into(), reason: &reason::VALUE_REQUIRED, args: Vec::new() });
    }
    for (index, column) in view.columns.iter().enumerate() {
        let name = column.strip_prefix("custom_fields.").map_or_else(|| column.clone(), |key| format!("custom.{key}"));
        if !SHOWN_ONLY.contains(&name.as_str()) && !schema.fields().any(|field| field.name() == name) {
            let args = vec![("field", column.clone())];
            faults.push(Violation { field: format!("view.columns[{index}]"), reason: &own::FIELD_UNKNOWN, args });
        }
    }
    if !is_laid_out(view, schema) {
        let args = vec![("field", view.layout_field.clone())];
        faults.push(Violation { field: "view.layout_field".into(), reason: &own::VIEW_LAYOUT_FIELD, args });
    }
    faults
}

/// Whether the field is one that the layout can go by.
fn is_laid_out(view: &View, schema: &Schema) -> bool {
    let field = schema.fields().find(|field| field.name() == view.layout_field).map(Field::field_type);
    match view.layout() {
        ViewLayout::Board => {
            matches!(field, Some(FieldType::String | FieldType::Enum(_) | FieldType::Bool | FieldType::Int))
        }
        ViewLayout::Calendar => matches!(field, Some(FieldType::Date | FieldType::Timestamp)),
        ViewLayout::Unspecified | ViewLayout::Table => view.layout_field.is_empty(),
    }
}
