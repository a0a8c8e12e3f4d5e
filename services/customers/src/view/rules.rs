//! What a view may hold.

use contracts::customers::View;
use platform::error::{Violation, reason};
use platform::filter::Schema;

use crate::error::reason as own;

pub const MUTABLE: [&str; 5] = ["name", "filter", "order_by", "columns", "shared"];

/// Columns that a list shows and nobody filters by.
const SHOWN_ONLY: [&str; 5] = ["addresses", "owner_name", "group_name", "create_user_name", "update_user_name"];

/// The name and the columns; filter and order are checked as those of the list.
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
    faults
}
